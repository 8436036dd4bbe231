import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutEverything, arbBehaviour, subject } from '../test/fakes/behaviours.ts';
import { baselineText, reviewedJson } from './baseline-text.ts';
import { unpushedDigest } from './image-ref.ts';
import { learn } from './learn.ts';
import { parseBaseline } from './parse-fingerprint.ts';

describe('the text of a baseline', () => {
  it('is the same baseline again', () => {
    fc.assert(
      fc.property(fc.array(arbBehaviour, { maxLength: 20 }), (bs) => {
        const baseline = learn(subject, bs, aboutEverything);
        expect(parseBaseline(JSON.parse(baselineText(baseline)))).toEqual(baseline);
      }),
    );
  });

  it('has no digest before the image has one', () => {
    const baseline = learn({ ...subject, digest: unpushedDigest }, [], aboutEverything);
    expect(baselineText(baseline)).not.toContain('digest');
    expect(parseBaseline(JSON.parse(baselineText(baseline)))).toEqual(baseline);
  });

  it('has one entry per line', () => {
    const cart = { root: 'entrypoint', lineage: ['/cart'] } as const;
    const baseline = learn(
      { name: 'cart', digest: unpushedDigest },
      [
        { ...cart, kind: 'exec', args: ['cart', '-v'], origin: 'image' },
        { ...cart, kind: 'open', path: '/data/a', access: 'read' },
        { ...cart, kind: 'open', path: '/data/a', access: 'write' },
        { ...cart, kind: 'connect', transport: 'tcp', peer: 'db.shop', port: 5432 },
      ],
      {
        coverage: ['connect', 'exec', 'open'],
        observation: {
          startedAt: '2026-05-01T08:00:00Z',
          finishedAt: '2026-05-01T08:01:00Z',
          source: 'sensor',
          events: 4,
          lost: 0,
          instances: ['i1'],
          ran: ['login'],
          steps: { '0123456789ab': ['login'] },
        },
      },
    );
    expect(baselineText(baseline)).toMatchInlineSnapshot(`
      "{
        "format": "whorl-baseline/v1",
        "subject": { "name": "cart" },
        "rules": { "normaliser": 2, "generaliser": 2, "sensitive": 1 },
        "coverage": ["connect", "exec", "open"],
        "behaviour": {
          "programs": [
            {
              "id": "p0",
              "root": "entrypoint",
              "parents": ["#entrypoint"],
              "exe": "/cart",
              "origins": ["image"],
              "args": [
                ["cart", "-v"]
              ],
              "env": [],
              "files": [
                { "path": "/data/a", "access": ["read", "write"] }
              ],
              "network": [
                { "do": "connect", "transport": "tcp", "peer": "db.shop", "port": 5432 }
              ],
              "privileges": []
            }
          ]
        },
        "observation": {
          "startedAt": "2026-05-01T08:00:00Z",
          "finishedAt": "2026-05-01T08:01:00Z",
          "source": "sensor",
          "events": 4,
          "lost": 0,
          "instances": ["i1"],
          "ran": ["login"],
          "steps": {
            "0123456789ab": ["login"]
          }
        }
      }
      "
    `);
  });

  it('shows what would not be seen', () => {
    expect(reviewedJson({ path: '/a\u202e\u00a0b' })).toBe('{ "path": "/a\\u202e\\u00a0b" }\n');
  });
});
