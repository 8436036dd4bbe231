import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { formatEvent, parseEvent } from '../../fingerprint/event-json.ts';
import { learn } from '../../fingerprint/learn.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { aboutAll, aboutEverything, arbBehaviours, subject } from '../fakes/behaviours.ts';
import { arbEvent } from '../fakes/events.ts';

/** The published schemas and the parsers are two descriptions of one format; neither may say more than the other. */

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const isEvent = ajv.compile(schema('events.schema.json'));
const isBaseline = ajv.compile(schema('fingerprint.schema.json'));
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function accepts(parse: (value: unknown) => unknown, value: unknown): boolean {
  try {
    parse(value);
    return true;
  } catch {
    return false;
  }
}

/** A document with one member removed, replaced or added, anywhere. */
const damaged = (value: unknown, path: readonly number[], how: number): unknown => {
  if (typeof value !== 'object' || value === null)
    return how === 0 ? undefined : [7, 'x', null, {}, []][how % 5];
  const entries = Object.entries(value);
  const [at = 0, ...rest] = path;
  const chosen = entries[at % (entries.length + 1)];
  if (Array.isArray(value)) {
    const i = at % (value.length + 1);
    return i === value.length ? [...value, 7] : value.map((v, k) => (k === i ? damaged(v, rest, how) : v));
  }
  if (chosen === undefined) return { ...value, unheardOf: 1 };
  const changed = rest.length === 0 ? (how === 0 ? undefined : how) : damaged(chosen[1], rest, how);
  return json({ ...value, [chosen[0]]: changed });
};

describe('events.schema.json', () => {
  it('accepts what is written and what is read', () => {
    fc.assert(
      fc.property(arbEvent, (e) => {
        const line = json(formatEvent(e));
        expect(isEvent(line), JSON.stringify(isEvent.errors)).toBe(true);
        expect(parseEvent(line)).toEqual(e);
      }),
    );
  });

  it('agrees with the parser on what is refused', () => {
    fc.assert(
      fc.property(
        arbEvent,
        fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
        fc.nat(4),
        (e, path, how) => {
          const line = damaged(json(formatEvent(e)), path, how);
          expect(isEvent(line)).toBe(accepts(parseEvent, line));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('fingerprint.schema.json', () => {
  it('accepts what is learned', () => {
    fc.assert(
      fc.property(arbBehaviours, (bs) => {
        for (const about of [aboutAll, aboutEverything]) {
          const baseline = parseJson(canonicalBytes(learn(subject, bs, about)));
          expect(isBaseline(baseline), JSON.stringify(isBaseline.errors)).toBe(true);
        }
      }),
    );
  });

  it('refuses nothing the parser accepts', () => {
    fc.assert(
      fc.property(
        arbBehaviours,
        fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }),
        fc.nat(4),
        (bs, path, how) => {
          const document = damaged(json(learn(subject, bs, aboutEverything)), path, how);
          // Beyond a schema's reach: ids, parents that name programs, `to` and `origin` by access, patterns, parameters.
          expect(isBaseline(document) || !accepts(parseBaseline, document)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
