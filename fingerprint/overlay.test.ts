import { describe, expect, it } from 'vitest';
import { overlayFor, overlayOptions, site, sitePolicy } from '../test/fakes/overlays.ts';
import { payloadVectors } from '../test/fakes/payload-vectors.ts';
import { type Json, parse, refuses, seals, signed, utf8, verify } from '../test/fakes/signed.ts';
import { baseline, now, policy, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { joinBindings, unboundParameters } from './effective-bindings.ts';
import { FingerprintError } from './errors.ts';
import { type Overlay, overlayBytes, parseOverlay } from './overlay.ts';
import { signOverlay } from './sign-overlay.ts';
import type { StatementOptions } from './statement.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { type VerifiedOverlay, type VerifyOverlayContext, verifyOverlay } from './verify-overlay.ts';

const base = verify(signed);
const content = overlayFor(base.digest);
const options = (more: Partial<StatementOptions> = {}): StatementOptions => ({ ...overlayOptions, ...more });
const bound = signOverlay(content, options(), site);

const verified = (
  bytes: Uint8Array = bound.envelope,
  context: Partial<VerifyOverlayContext> = {},
  by: TrustPolicy = sitePolicy,
): VerifiedOverlay => verifyOverlay(bytes, by, { now, base, ...context });

/** Undefined: refused, with a typed error. */
function digestOf(bytes: Uint8Array): string | undefined {
  try {
    return verified(bytes).digest;
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}

const payload = overlayBytes(content, options());
const statement = parse(payload);
const predicate = parse(utf8(JSON.stringify(statement.predicate)));
const says = (changes: Json): Uint8Array =>
  seals(canonicalBytes({ ...statement, predicate: { ...predicate, ...changes } }), site);
const binds = (bindings: Json): Uint8Array => says({ bindings: { sites: {}, volumes: {}, ...bindings } });

describe('parseOverlay', () => {
  it.each(payloadVectors('overlay'))('$name: $outcome', ({ outcome, sha256, bytes }) => {
    expect(sha256Hex(bytes)).toBe(sha256);
    if (outcome === 'accepted') expect(parseOverlay(bytes).overlay.version).toBe(3);
    else expect(() => parseOverlay(bytes)).toThrow(refuses(outcome));
  });
});

describe('an overlay', () => {
  it('comes back as it was signed', () => {
    const { overlay, digests } = parseOverlay(payload);
    expect(overlay).toEqual<Overlay>({ ...content, ...options() });
    expect(digests).toEqual([baseline.subject.digest]);
    const scope = {
      cluster: 'eu',
      namespace: 'shop',
      owner: 'cart',
      container: 'main',
      role: 'main',
    } as const;
    expect(parseOverlay(overlayBytes({ ...content, scope }, options())).overlay.scope).toEqual(scope);
  });

  it('is verified with all it says', () => {
    expect(verified()).toMatchObject({
      overlay: content,
      digest: bound.digest,
      stream: `overlay\n${baseline.subject.name}\n${baseline.subject.name}`,
      signers: [{ owner: 'Operations' }],
      rule: 'default',
    });
    expect(verified().belongsTo(base)).toBe(true);
  });

  it('may be signed by whoever signs fingerprints where the rule names nobody for it', () => {
    expect(verified(signOverlay(content, options(), vendor).envelope, {}, policy).signers).toHaveLength(1);
  });

  it('is no fingerprint, and a fingerprint is no overlay', () => {
    expect(() => verify(bound.envelope, {}, sitePolicy)).toThrow(refuses('SCHEMA', 'predicate.kind'));
    expect(() => verified(signed)).toThrow(refuses('SCHEMA', 'predicate.kind'));
  });

  it.each<[string, Uint8Array, Partial<VerifyOverlayContext>, string, string]>([
    ['of a stranger', signOverlay(content, options(), stranger).envelope, {}, 'UNKNOWN_KEY', 'signatures'],
    [
      'of a signer of fingerprints alone',
      signOverlay(content, options(), vendor).envelope,
      {},
      'KEY_NOT_ALLOWED',
      'signatures',
    ],
    [
      'of another fingerprint',
      signOverlay({ ...content, base: `sha256:${'0'.repeat(64)}` }, options(), site).envelope,
      {},
      'BASE_MISMATCH',
      'predicate.base.sha256',
    ],
    [
      'of another image',
      signOverlay(
        { ...content, subject: { ...baseline.subject, name: 'registry.example/shop/other' } },
        options(),
        site,
      ).envelope,
      {},
      'REPO_MISMATCH',
      'subject.name',
    ],
    [
      'of another digest',
      signOverlay(
        { ...content, subject: { ...baseline.subject, digest: `sha256:${'0'.repeat(64)}` } },
        options(),
        site,
      ).envelope,
      {},
      'DIGEST_MISMATCH',
      'subject.digest',
    ],
    [
      'of an image no rule names',
      signOverlay({ ...content, subject: { ...baseline.subject, name: 'other.example/x' } }, options(), site)
        .envelope,
      {},
      'NO_RULE',
      'subject.name',
    ],
    [
      'that has run out',
      bound.envelope,
      { now: Date.parse('2026-11-02T10:00:00Z') },
      'EXPIRED',
      'predicate.expiresAt',
    ],
    [
      'of the future',
      bound.envelope,
      { now: Date.parse('2026-05-01T10:00:00Z') },
      'NOT_YET_VALID',
      'predicate.issuedAt',
    ],
    [
      'of an earlier version',
      bound.envelope,
      { seen: new Map([[verified().stream, { version: 4, digest: 'x' }]]) },
      'ROLLBACK',
      'predicate.version',
    ],
    [
      'of the same version with other content',
      bound.envelope,
      { seen: new Map([[verified().stream, { version: 3, digest: 'x' }]]) },
      'EQUIVOCATION',
      'predicate.version',
    ],
  ])('%s is refused', (_what, bytes, context, code, field) => {
    expect(() => verified(bytes, context)).toThrow(refuses(code, field));
  });

  it('does not count in the streams of fingerprints', () => {
    const seen = new Map([[base.stream, { version: 99, digest: 'x' }]]);
    expect(verified(undefined, { seen }).overlay.version).toBe(3);
  });

  it('never says anything else when any of its bytes was changed', () => {
    for (let i = 0; i < bound.envelope.length; i += 7) {
      const bytes = Uint8Array.from(bound.envelope, (byte, at) => (at === i ? byte ^ 1 : byte));
      // A key's id is a hint: a change of it only changes which keys are tried.
      expect([undefined, bound.digest]).toContain(digestOf(bytes));
    }
  });

  it('of a learner binds nothing, even where a rule names it', () => {
    const [rule] = sitePolicy.rules;
    if (rule === undefined) throw new Error('no rule');
    const learner = testKey(5).publicKey;
    const by: TrustPolicy = {
      ...sitePolicy,
      keys: new Map([...sitePolicy.keys, [learner.keyId, { key: learner, owner: 'collector' }]]),
      learnerKeys: [learner],
      rules: [{ ...rule, overlay: { keys: [learner.keyId], threshold: 1, mayWiden: [] } }],
    };
    const own = signOverlay(content, options(), testKey(5)).envelope;
    expect(() => verified(own, {}, by)).toThrow(refuses('KEY_NOT_ALLOWED'));
  });
});

describe('bindings are read strictly', () => {
  it.each<[string, Uint8Array, string, string]>([
    ['an unknown kind', binds({ ports: {} }), 'SCHEMA', 'predicate.bindings.ports'],
    ['no kind at all', says({ bindings: {} }), 'SCHEMA', 'predicate.bindings.sites'],
    [
      'a name in capitals',
      binds({ sites: { Database: [{ peer: 'x.example' }] } }),
      'SCHEMA',
      'predicate.bindings.sites.Database',
    ],
    ['nothing for a name', binds({ sites: { database: [] } }), 'SCHEMA', 'predicate.bindings.sites.database'],
    [
      'an unknown member',
      binds({ sites: { database: [{ peer: 'x.example', any: 1 }] } }),
      'SCHEMA',
      'predicate.bindings.sites.database[0].any',
    ],
    [
      'a wildcard',
      binds({ sites: { database: [{ peer: '*' }] } }),
      'SCHEMA',
      'predicate.bindings.sites.database[0].peer',
    ],
    [
      'another spelling',
      binds({ sites: { database: [{ peer: 'X.example' }] } }),
      'SCHEMA',
      'predicate.bindings.sites.database[0].peer',
    ],
    [
      'a port that is none',
      binds({ sites: { database: [{ peer: 'x.example', port: 65_536 }] } }),
      'SCHEMA',
      'predicate.bindings.sites.database[0].port',
    ],
    [
      'an ephemeral port',
      binds({ sites: { database: [{ peer: 'x.example', port: -1 }] } }),
      'SCHEMA',
      'predicate.bindings.sites.database[0].port',
    ],
    [
      'a relative directory',
      binds({ volumes: { data: ['srv'] } }),
      'SCHEMA',
      'predicate.bindings.volumes.data[0]',
    ],
    ['a way out', binds({ volumes: { data: ['/srv/..'] } }), 'SCHEMA', 'predicate.bindings.volumes.data[0]'],
    [
      'code',
      binds({ volumes: { data: ['/srv', '/usr/lib/x'] } }),
      'OVERLAY_FORBIDDEN',
      'predicate.bindings.volumes.data[1]',
    ],
    [
      'everything',
      binds({ volumes: { data: ['/'] } }),
      'OVERLAY_FORBIDDEN',
      'predicate.bindings.volumes.data[0]',
    ],
    [
      'secrets',
      binds({ volumes: { data: ['/run/secrets/x'] } }),
      'OVERLAY_FORBIDDEN',
      'predicate.bindings.volumes.data[0]',
    ],
    [
      'an unknown member of the scope',
      says({ scope: { cluster: 'c', pods: 1 } }),
      'SCHEMA',
      'predicate.scope.namespace',
    ],
  ])('%s is refused', (_what, bytes, code, field) => {
    expect(() => verified(bytes)).toThrow(refuses(code, field));
  });

  it('and never signed otherwise', () => {
    const wrong = { ...content, bindings: { sites: new Map(), volumes: new Map([['data', ['/etc']]]) } };
    expect(() => signOverlay(wrong, options(), site)).toThrow(refuses('OVERLAY_FORBIDDEN'));
    const secret = { ...content, reason: 'password=hunter2hunter2' };
    expect(() => signOverlay(secret, options(), site)).toThrow(refuses('SECRET_FOUND'));
  });
});

describe('several overlays', () => {
  it('each add to what the others bind', () => {
    const more = {
      sites: new Map([['database', [{ peer: 'db2.example' }]]]),
      volumes: new Map([['logs', ['/srv/logs-2026-05-02']]]),
    };
    const { sites, volumes } = joinBindings([content.bindings, more]);
    expect(sites.get('database')).toEqual([
      { peer: 'db.corp.example' },
      { peer: '10.0.0.9', port: 6432 },
      { peer: 'db2.example' },
    ]);
    expect([...volumes]).toEqual([
      ['data', ['/srv/carts']],
      ['logs', ['/srv/logs-{date}']],
    ]);
  });

  it('leave unbound what none of them names', () => {
    const parameters = [
      { kind: 'site', name: 'database', what: '' },
      { kind: 'volume', name: 'database', what: '' },
      { kind: 'volume', name: 'data', what: '' },
    ] as const;
    expect(unboundParameters(parameters, content.bindings)).toEqual([parameters[1]]);
  });
});
