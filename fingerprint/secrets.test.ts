import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbBehaviour } from '../test/fakes/behaviours.ts';
import { secretRules } from './secret-rules.ts';
import { findSecrets, redactArgs, redactText } from './secrets.ts';

describe.each(secretRules.map((r) => [r.id, r] as const))('secret rule %s', (_id, rule) => {
  it.each(rule.examples.map((e) => [...e] as const))('redacts %j', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
    expect(redactText(redacted)).toBe(redacted);
  });

  it.each(rule.counterExamples.map((c) => [c]))('leaves %j', (text) => expect(redactText(text)).toBe(text));
});

describe('redactArgs', () => {
  it.each<[string[], string[]]>([
    [
      ['x', '--password', 'hunter2'],
      ['x', '--password', '{secret}'],
    ],
    [
      ['x', '--password', '-hunter2 '],
      ['x', '--password', '-hunter2 '],
    ],
    [
      ['x', '--password', '-9hunter'],
      ['x', '--password', '{secret}'],
    ],
    [
      ['x', '--password=a b&c;"d'],
      ['x', '--password={secret}'],
    ],
    [
      ['x', 'DB_PASS=a,b', 'y'],
      ['x', 'DB_PASS={secret}', 'y'],
    ],
    [
      ['x', '--password', '--verbose'],
      ['x', '--password', '--verbose'],
    ],
    [
      ['x', '--key', '/etc/x.pem'],
      ['x', '--key', '/etc/x.pem'],
    ],
    [
      ['x', '--token-file', '/run/t'],
      ['x', '--token-file', '/run/t'],
    ],
    [
      ['/usr/bin/mysql', '-phunter2', '-p'],
      ['/usr/bin/mysql', '-p{secret}', '-p'],
    ],
    [
      ['redis-cli', '-a', 'x', 'PING'],
      ['redis-cli', '-a', '{secret}', 'PING'],
    ],
    [
      ['curl', '-u', 'bob:x', 'https://a/'],
      ['curl', '-u', '{secret}', 'https://a/'],
    ],
    [
      ['curl', '--user=bob:x'],
      ['curl', '--user={secret}'],
    ],
    [
      ['curl', '-H', 'Authorization: Bearer abc'],
      ['curl', '-H', 'Authorization: Bearer {secret}'],
    ],
    [
      ['openssl', '-passin', 'pass:x'],
      ['openssl', '-passin', 'pass:{secret}'],
    ],
    [
      ['sh', '-c', 'PGPASSWORD=x psql'],
      ['sh', '-c', 'PGPASSWORD={secret} psql'],
    ],
    [
      ['nginx', '-g', 'daemon off;'],
      ['nginx', '-g', 'daemon off;'],
    ],
    [[], []],
  ])('%j → %j', (args, clean) => {
    expect(redactArgs(args)).toEqual(clean);
    expect(redactArgs(clean)).toEqual(clean);
  });
});

describe('findSecrets', () => {
  it('names field and rule, and nothing in what was redacted', () => {
    const document = {
      programs: [{ args: [['x', '--password', 'hunter2']], files: [{ path: '/a/AKIAIOSFODNN7EXAMPLE' }] }],
    };
    expect(findSecrets(document)).toEqual([
      { field: 'programs[0].args[0][2]', id: expect.stringMatching(/^argument:[0-9a-f]{12}$/) },
      { field: 'programs[0].files[0].path', id: expect.stringMatching(/^known-token:[0-9a-f]{12}$/) },
    ]);
    expect(findSecrets({ a: ['x', '--password', '{secret}'], b: `sha256:${'ab'.repeat(32)}` })).toEqual([]);
  });
});

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const letters = (chars: string, min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...chars), minLength: min, maxLength: max });
const base62 = letters(alphabet, 24, 40);

/** Every form, with the secret itself told apart so that its absence can be checked. */
const planted: Readonly<Record<string, fc.Arbitrary<readonly [secret: string, args: string[]]>>> = {
  'option=value': letters(`${alphabet}!#%*+-./:@^_~`, 6, 30).map((s) => [s, [`--db-password=${s}`]]),
  'option value': letters(`${alphabet}!#%*+./:@^_~`, 6, 30).map((s) => [s, ['--token', s]]),
  environment: letters(`${alphabet}!#%*+-./:@^_~`, 6, 30).map((s) => [s, [`API_KEY_SECRET=${s}`]]),
  script: letters(`${alphabet}!#%*+-./:@^_~`, 6, 30).map((s) => [
    s,
    ['sh', '-c', `export PASSWORD=${s}; run`],
  ]),
  'url userinfo': letters(alphabet, 6, 30).map((s) => [s, [`postgres://bob:${s}@db.shop:5432/x`]]),
  'url query': letters(alphabet, 6, 30).map((s) => [s, [`https://a.example/?access_token=${s}&b=1`]]),
  header: letters(alphabet, 6, 30).map((s) => [s, ['-H', `Authorization: Bearer ${s}`]]),
  pem: letters(alphabet, 20, 60).map((s) => [
    s,
    [`-----BEGIN PRIVATE KEY-----\n${s}\n-----END PRIVATE KEY-----`],
  ]),
  jwt: letters(alphabet, 10, 40).map((s) => [s, [`eyJhbGciOiJIUzI1NiJ9.${s}.${s}`]]),
  github: letters(alphabet, 36, 36).map((s) => [s, [`/srv/ghp_${s}/x`]]),
  aws: letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16, 16).map((s) => [s, [`AKIA${s}`]]),
  json: letters(alphabet, 6, 30).map((s) => [s, [JSON.stringify({ user: 'a', password: s })]]),
};

describe('a planted secret', () => {
  it.each(Object.entries(planted))('never survives as %s', (_form, arb) => {
    fc.assert(
      fc.property(arbBehaviour, arb, (b, [secret, args]) => {
        // A secret that is also part of the carrier cannot be told from it.
        fc.pre(!JSON.stringify([b, 'postgres bob db.shop access_token Authorization']).includes(secret));
        fc.pre(!/^(true|false|yes|no|on|off|none|null|undefined|\*+)$/i.test(secret) && secret.length >= 6);
        const exec = { ...b, kind: 'exec', args: ['tool', ...args] };
        expect(redactText(JSON.stringify(exec))).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(redactArgs(exec.args).join('\n')).not.toContain(secret);
      }),
      { numRuns: 200 },
    );
  });

  it('never survives bare, when it is long and random', () => {
    let survived = 0;
    fc.assert(
      fc.property(base62, fc.constantFrom('', '/srv/', 'x=', 'id:'), (s, before) => {
        if (redactText(`${before}${s}`).includes(s)) survived++;
      }),
      { numRuns: 2000, seed: 7 },
    );
    // Randomness is judged by measure, not by proof: see randomness.ts for the rate that is accepted.
    expect(survived).toBeLessThanOrEqual(6);
  });
});

describe('redactText', () => {
  it('is idempotent and leaves nothing to be found', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          arbBehaviour.map((b) => JSON.stringify(b)),
        ),
        (s) => {
          const once = redactText(s);
          expect(redactText(once)).toBe(once);
          expect(findSecrets(once)).toEqual([]);
        },
      ),
    );
  });

  it('takes linear time on hostile text', () => {
    for (const s of [
      'password'.repeat(2000),
      'a.'.repeat(8000),
      '://'.repeat(5000),
      '-'.repeat(16_000),
      'x="'.repeat(5000),
    ]) {
      expect(typeof redactText(s)).toBe('string');
    }
  });
});

describe('the cost of redaction', () => {
  /** The best of several runs: what else the machine does only ever adds. */
  const cost = (text: string): number => {
    const runs = Array.from({ length: 7 }, () => {
      const from = performance.now();
      redactText(text);
      return performance.now() - from;
    });
    return Math.min(...runs);
  };

  it.each(['a=', 'a=b=', 'k:', '"k":"', '--a b '])(
    'grows with the text, not with its square: %s…',
    (unit) => {
      const [small, large] = [unit.repeat(4_000), unit.repeat(32_000)];
      // Eight times the text: 8 where it is linear, 64 where every part is read from every other.
      expect(cost(large) / cost(small)).toBeLessThan(32);
    },
  );
});
