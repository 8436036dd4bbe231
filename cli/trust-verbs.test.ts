import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPrivateKey, parsePublicPem, privatePem, publicPem } from '../fingerprint/keys.ts';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import { baseline, imageDigest, imageName, now, stranger, vendor } from '../test/fakes/trust.ts';
import type { Io } from './io.ts';
import { main } from './main.ts';
import { readChunks, readFile } from './read-file.ts';
import { writeFile } from './write-file.ts';

/** The verbs as a user meets them, on real files: keygen, trust, sign, verify. */
const directory = mkdtempSync(join(tmpdir(), 'whorl-trust-'));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);
const given = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};

async function whorl(args: readonly string[], more: Partial<Io> = {}): Promise<FakeIo> {
  const io = fakeIo({}, { readFile, readChunks, writeFile, now: () => now, ...more });
  await main(args, io);
  return io;
}

const files = {
  get baseline() {
    return at('baseline.json');
  },
  get key() {
    return at('vendor.key');
  },
  get pub() {
    return at('vendor.pub');
  },
  get policy() {
    return at('policy.json');
  },
  get signed() {
    return at('cart.intoto.json');
  },
  get bundle() {
    return at('cart.bundle.json');
  },
};
const signing = [
  '--key',
  files.key,
  '--issued-at',
  '2026-05-02T09:00:00Z',
  '--expires',
  '2027-05-02T09:00:00Z',
];

beforeAll(async () => {
  given('baseline.json', JSON.stringify(baseline));
  given('vendor.key', privatePem(vendor));
  given('vendor.pub', publicPem(vendor.publicKey));
  given('stranger.pub', publicPem(stranger.publicKey));
  const shop = ['--signer', files.pub, '--owner', 'Shop Inc', '--image', 'registry.example/shop/**'];
  await whorl(['trust', 'init', ...shop, '--max-mode', 'kill', '--out', files.policy]);
  const made = await whorl([
    'sign',
    files.baseline,
    ...signing,
    '--out',
    files.signed,
    '--bundle',
    files.bundle,
  ]);
  expect(made.stderr).toEqual([]);
});

describe('keygen', () => {
  const pass = () => given('pass.txt', 'correct horse\n');

  it('makes an encrypted pair that only the passphrase opens', async () => {
    const io = await whorl(['keygen', '--out', at('new'), '--passphrase-file', pass()]);
    expect(io.exitCode).toBe(0);
    expect(statSync(at('new.key')).mode & 0o777).toBe(0o600);
    const pem = readFileSync(at('new.key'), 'utf8');
    const key = openPrivateKey(pem, 'correct horse');
    expect(pem).toContain('ENCRYPTED SIGSTORE PRIVATE KEY');
    expect(parsePublicPem(readFileSync(at('new.pub'), 'utf8'))).toEqual(key.publicKey);
    expect(io.stdout).toEqual([`${at('new.pub')} ${key.publicKey.keyId}`]);
  });

  it('never replaces a key, and leaves nothing when one of the two is in the way', async () => {
    const before = readFileSync(files.key);
    const io = await whorl(['keygen', '--out', at('vendor'), '--no-passphrase']);
    expect([io.exitCode, io.stderr[0]]).toEqual([
      2,
      expect.stringMatching(/vendor.key exists already and keys are never/),
    ]);
    expect(readFileSync(files.key)).toEqual(before);
    await whorl(['keygen', '--out', at('stranger'), '--no-passphrase']);
    expect(existsSync(at('stranger.key'))).toBe(false);
  });

  it('leaves no half pair when the second file cannot be written', async () => {
    const failing: Io['writeFile'] = async (path, bytes, options) => {
      if (path.endsWith('.pub')) throw new Error('disk full');
      return writeFile(path, bytes, options);
    };
    const io = await whorl(['keygen', '--out', at('half'), '--no-passphrase'], { writeFile: failing });
    expect(io.exitCode).toBe(70);
    expect(existsSync(at('half.key'))).toBe(false);
  });

  it('takes the passphrase from the environment or the terminal, asked twice', async () => {
    await whorl(['keygen', '--out', at('env')], { env: { WHORL_PASSPHRASE: 'from env' } });
    expect(openPrivateKey(readFileSync(at('env.key'), 'utf8'), 'from env').seed).toHaveLength(32);
    await whorl(['keygen', '--out', at('tty')], { askSecret: async () => 'typed' });
    expect(openPrivateKey(readFileSync(at('tty.key'), 'utf8'), 'typed').seed).toHaveLength(32);
  });

  const answers = (...list: string[]): Partial<Io> => ({ askSecret: async () => list.shift() });
  it.each<[string, string[], Partial<Io>, RegExp]>([
    ['without a terminal', [], {}, /no terminal to ask on; use --passphrase-file/],
    ['when the two differ', [], answers('a', 'b'), /the two passphrases differ/],
    ['when it is empty', [], answers(''), /passphrase is empty; choose --no-passphrase/],
    ['when the variable is empty', [], { env: { WHORL_PASSPHRASE: '' } }, /passphrase is empty/],
    ['with two sources', ['--passphrase-file', 'a', '--passphrase-fd', '3'], {}, /not both/],
    ['with a descriptor that is none', ['--passphrase-fd', 'x'], {}, /number of an open file descriptor/],
    ['with a closed descriptor', ['--passphrase-fd', '999'], {}, /no such file/],
    ['with a file of two lines', ['--passphrase-file', given('two.txt', 'a\nb\n')], {}, /more than one line/],
    ['with an empty file', ['--passphrase-file', given('none.txt', '')], {}, /is empty/],
    ['with no file', ['--passphrase-file', at('nowhere')], {}, /no such file/],
  ])('says a sentence %s and writes nothing', async (_name, args, more, message) => {
    const io = await whorl(['keygen', '--out', at('refused'), ...args], more);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([2, expect.stringMatching(message)]);
    expect(existsSync(at('refused.key')) || existsSync(at('refused.pub'))).toBe(false);
  });

  it('has no option that takes the passphrase itself', async () => {
    const io = await whorl(['keygen', '--out', at('argv'), '--passphrase', 'secret']);
    expect(io.exitCode).toBe(2);
    expect(existsSync(at('argv.key'))).toBe(false);
  });

  it('writes nothing in a dry run, and one object with --json', async () => {
    await whorl(['keygen', '--out', at('dry'), '--no-passphrase', '--dry-run']);
    expect(existsSync(at('dry.key'))).toBe(false);
    const io = await whorl(['keygen', '--out', at('json'), '--no-passphrase', '--json']);
    expect(JSON.parse(io.stdout.join())).toEqual({
      keyId: expect.stringMatching(/^[0-9a-f]{64}$/),
      key: at('json.key'),
      pub: at('json.pub'),
    });
  });
});

describe('trust', () => {
  const init = (...more: string[]) =>
    whorl(['trust', 'init', '--signer', files.pub, '--out', at('p.json'), ...more]);

  it('writes a policy that show explains', async () => {
    const io = await whorl(['trust', 'show', files.policy]);
    expect(io.stdout.join('\n')).toMatch(
      /Rule default: for registry.example\/shop\/\*\*, Shop Inc \(key [0-9a-f]{12}…\) may sign; .* as far as kill\./,
    );
    expect(io.stdout.join('\n')).toContain('Nobody may give orders');
    const json = JSON.parse((await whorl(['trust', 'show', files.policy, '--json'])).stdout.join());
    expect(json).toEqual(JSON.parse(readFileSync(files.policy, 'utf8')));
  });

  it('alerts at most unless told otherwise, and names the owner after the key file', async () => {
    const io = await init('--image', '**', '--command-key', at('stranger.pub'), '--dry-run');
    const policy = JSON.parse(io.stdout.join('\n'));
    expect(policy.rules).toEqual([
      {
        name: 'default',
        images: ['**'],
        sign: { keys: [vendor.publicKey.keyId], threshold: 1 },
        maxMode: 'alert',
      },
    ]);
    expect(policy.keys[vendor.publicKey.keyId].owner).toBe('vendor');
    expect(policy.roles.command.keys).toEqual([stranger.publicKey.keyId]);
    expect(existsSync(at('p.json'))).toBe(false);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a pattern that is none', ['--image', '*'], 2, /rules\[0\].images\[0\] must be a name/],
    [
      'a mode that is none',
      ['--image', '**', '--max-mode', 'destroy'],
      2,
      /Allowed choices are observe, alert/,
    ],
    ['a private key as signer', ['--image', '**', '--signer', files.key], 3, /vendor.key.*is a private key/],
    ['a baseline as signer', ['--image', '**', '--signer', files.baseline], 3, /baseline.json.*no key file/],
    ['no pattern', [], 2, /required option '--image/],
  ])('refuses %s', async (_name, args, code, message) => {
    const io = await init(...args);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringMatching(message)]);
    expect(existsSync(at('p.json'))).toBe(false);
  });

  it('does not replace a policy', async () => {
    const io = await whorl(['trust', 'init', '--signer', files.pub, '--image', '**', '--out', files.policy]);
    expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(/policy.json exists already/)]);
  });
});

describe('sign', () => {
  it('gives the same bytes again, from the clock that SOURCE_DATE_EPOCH names', async () => {
    const first = readFileSync(files.signed);
    await whorl(['sign', files.baseline, ...signing, '--out', at('again.json')]);
    expect(readFileSync(at('again.json'))).toEqual(first);
    const epoch = { env: { SOURCE_DATE_EPOCH: '1777712400' } };
    const until = ['--expires', '2027-05-02T09:00:00Z'];
    await whorl(['sign', files.baseline, '--key', files.key, ...until, '--out', at('epoch.json')], epoch);
    expect(readFileSync(at('epoch.json'))).toEqual(first);
  });

  it('opens an encrypted key, and asks for nothing when the key has no passphrase', async () => {
    const pass = { env: { WHORL_PASSPHRASE: 'correct horse' } };
    await whorl(['keygen', '--out', at('sealed')], pass);
    const args = ['sign', files.baseline, '--key', at('sealed.key'), '--out', at('s.json')];
    const wrong = await whorl(args, { env: { WHORL_PASSPHRASE: 'wrong' } });
    expect([wrong.exitCode, wrong.stderr.join()]).toEqual([
      3,
      expect.stringMatching(/does not open this key.*KEY_PASSPHRASE/),
    ]);
    expect((await whorl(args)).stderr.join()).toMatch(/is encrypted and there is no terminal to ask on/);
    expect(existsSync(at('s.json'))).toBe(false);
    expect((await whorl(args, pass)).exitCode).toBe(0);
  });

  it('writes what verify reads back, under the name it was told', async () => {
    const out = at('renamed.json');
    const image = `registry.example/shop/other@${imageDigest}`;
    const more = [
      '--image',
      image,
      '--fingerprint-version',
      '9',
      '--stream',
      'other:1',
      '--supersedes',
      imageDigest,
    ];
    const io = await whorl(['sign', files.baseline, ...signing, ...more, '--out', out, '--json']);
    const verified = await whorl(['verify', out, '--trust', files.policy, '--image', image, '--json']);
    expect(JSON.parse(verified.stdout.join())).toMatchObject({
      ok: true,
      digest: JSON.parse(io.stdout.join()).digest,
      subject: { name: 'registry.example/shop/other', digest: imageDigest },
      version: 9,
      stream: 'other:1',
    });
  });

  const leaky = JSON.stringify({
    ...baseline,
    behaviour: {
      programs: baseline.behaviour.programs.map((p) => ({
        ...p,
        args: [['cart', 'ghp_0123456789abcdefghijABCDEFGHIJ012345']],
      })),
    },
  });
  it.each<[string, string[], number, RegExp]>([
    ['version 0', [files.baseline, '--fingerprint-version', '0'], 2, /--fingerprint-version must be/],
    ['version 1e3', [files.baseline, '--fingerprint-version', '1e3'], 2, /--fingerprint-version must be/],
    ['a time that is none', [files.baseline, '--issued-at', 'now'], 2, /--issued-at must be a time/],
    [
      'an end in the past',
      [files.baseline, '--expires', '2026-05-02T09:00:00Z'],
      2,
      /--expires must be later/,
    ],
    ['a predecessor that is none', [files.baseline, '--supersedes', 'v6'], 2, /--supersedes must be sha256/],
    [
      'an image of another digest',
      [files.baseline, '--image', `a@sha256:${'0'.repeat(64)}`],
      2,
      /was learned from .*DIGEST_MISMATCH/,
    ],
    ['a public key', [files.baseline, '--key', files.pub], 3, /is a public key where the private/],
    ['a signed envelope', [files.signed], 2, /is a signed envelope, not a baseline/],
    ['a trust policy', [files.policy], 2, /is a trust policy, not a baseline/],
    ['a baseline with a secret', [given('leaky.json', leaky)], 3, /looks like a secret.*SECRET_FOUND/],
    [
      'a baseline of another version',
      [given('v2.json', JSON.stringify({ ...baseline, format: 'whorl-baseline/v2' }))],
      2,
      /format/,
    ],
    ['one name for both outputs', [files.baseline, '--bundle', at('x.json')], 2, /name the same file/],
  ])('refuses %s and writes nothing', async (_name, args, code, message) => {
    const io = await whorl(['sign', ...signing, '--out', at('x.json'), ...args]);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringMatching(message)]);
    expect(existsSync(at('x.json'))).toBe(false);
  });

  it('refuses a SOURCE_DATE_EPOCH that is none', async () => {
    const env = { SOURCE_DATE_EPOCH: 'yesterday' };
    const io = await whorl(['sign', files.baseline, '--key', files.key, '--out', at('x.json')], { env });
    expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(/SOURCE_DATE_EPOCH must be/)]);
  });

  it('writes nothing in a dry run', async () => {
    const io = await whorl(['sign', files.baseline, ...signing, '--out', at('dry.json'), '--dry-run']);
    expect([io.exitCode, existsSync(at('dry.json'))]).toEqual([0, false]);
  });
});

describe('verify', () => {
  const image = `${imageName}@${imageDigest}`;

  it('says who signed what, until when, and how far it may go', async () => {
    const io = await whorl(['verify', files.signed, '--trust', files.policy, '--image', image]);
    expect(io.exitCode).toBe(0);
    expect(io.stdout.join()).toMatch(
      /^Shop Inc \(key [0-9a-f]{12}…\) signed version 1 of registry.example\/shop\/cart for registry.example\/shop\/cart@sha256:[0-9a-f]{64} on 2026-05-02T09:00:00Z, until 2027-05-02T09:00:00Z; rule default lets it go as far as kill\. Digest sha256:[0-9a-f]{64}\.$/,
    );
  });

  it('gives one object with --json, the same for envelope and bundle', async () => {
    const [a, b] = await Promise.all(
      [files.signed, files.bundle].map(async (f) =>
        JSON.parse((await whorl(['verify', f, '--trust', files.policy, '--json'])).stdout.join()),
      ),
    );
    expect(a).toMatchObject({
      ok: true,
      digest: expect.stringMatching(/^sha256:/),
      subject: baseline.subject,
      signers: [{ keyId: vendor.publicKey.keyId, owner: 'Shop Inc' }],
      mode: 'kill',
      warnings: [],
    });
    expect(b).toEqual(a);
  });

  it('believes a single key for alerts only', async () => {
    const json = async (pub: string) => whorl(['verify', files.signed, '--key', pub, '--json']);
    expect(JSON.parse((await json(files.pub)).stdout.join())).toMatchObject({ ok: true, mode: 'alert' });
    const wrong = await json(at('stranger.pub'));
    expect(wrong.exitCode).toBe(3);
    expect(JSON.parse(wrong.stdout.join())).toMatchObject({ ok: false, code: 'UNKNOWN_KEY' });
  });

  it('warns of what expired and still counts it as verified', async () => {
    const later = { now: () => Date.UTC(2028, 0) };
    const io = await whorl(['verify', files.signed, '--trust', files.policy, '--json'], later);
    expect(io.exitCode).toBe(0);
    expect(JSON.parse(io.stdout.join())).toMatchObject({
      ok: true,
      mode: 'alert',
      warnings: [{ code: 'EXPIRED' }],
    });
    expect(io.stderr.join()).toMatch(/^warning: expired at 2027-05-02T09:00:00Z/);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'another image',
      ['--trust', files.policy, '--image', `${imageName}@sha256:${'0'.repeat(64)}`],
      3,
      /DIGEST_MISMATCH/,
    ],
    ['another repository', ['--trust', files.policy, '--image', `x@${imageDigest}`], 3, /REPO_MISMATCH/],
    [
      'an image without digest',
      ['--trust', files.policy, '--image', 'cart:1'],
      2,
      /--image.*NAME@sha256:HEX/,
    ],
    ['nobody to believe', [], 2, /give --trust POLICY.json or --key VENDOR.pub/],
    ['two to believe', ['--trust', files.policy, '--key', files.pub], 2, /give --trust POLICY.json or --key/],
  ])('refuses %s', async (_name, args, code, message) => {
    const io = await whorl(['verify', files.signed, ...args]);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringMatching(message)]);
    expect(io.stdout).toEqual([]);
  });

  it('refuses a policy that others could have written', async () => {
    const copy = given('open.json', readFileSync(files.policy));
    for (const [mode, code] of [
      [0o664, 3],
      [0o646, 3],
      [0o644, 0],
      [0o600, 0],
    ] as const) {
      chmodSync(copy, mode);
      const io = await whorl(['verify', files.signed, '--trust', copy]);
      expect(io.exitCode, mode.toString(8)).toBe(code);
      if (code === 3)
        expect(io.stderr.join()).toMatch(
          /open.json: can be written by others; run chmod go-w on it \(POLICY_UNSAFE\)/,
        );
    }
    const piped = await whorl(['verify', files.signed, '--trust', '-'], {
      readFile: async () => readFileSync(copy),
    });
    expect(piped.stderr.join()).toMatch(/POLICY_UNSAFE/);
  });

  it.skipIf(process.getuid?.() !== 0)('refuses a policy that belongs to somebody else', async () => {
    const copy = given('theirs.json', readFileSync(files.policy));
    chownSync(copy, 12345, 12345);
    const io = await whorl(['verify', files.signed, '--trust', copy]);
    expect([io.exitCode, io.stderr.join()]).toEqual([
      3,
      expect.stringMatching(/belongs to user 12345.*POLICY_UNSAFE/),
    ]);
  });
});

describe('wrong files on purpose', () => {
  const sparse = (): string => {
    truncateSync(given('sparse', ''), 3 * 2 ** 30);
    return at('sparse');
  };
  const bad: Record<string, () => string> = {
    missing: () => at('nowhere'),
    empty: () => given('empty', ''),
    truncated: () => given('truncated', readFileSync(files.signed).subarray(0, 99)),
    huge: sparse,
    deep: () => given('deep', '['.repeat(100_000)),
    'not UTF-8': () => given('latin1', Uint8Array.of(0x7b, 0x22, 0xe9, 0x22)),
    'a directory': () => directory,
    'a PNG': () => given('png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)),
    'a JSON of nothing known': () => given('list', '[1,2]'),
    'a name that speaks to the terminal': () => at('\u001b[2J\u202e'),
  };
  const slots: Record<string, (file: string) => string[]> = {
    'sign BASELINE': (f) => ['sign', f, '--key', files.key, '--out', at('out.json')],
    'sign --key': (f) => ['sign', files.baseline, '--key', f, '--out', at('out.json')],
    'verify F': (f) => ['verify', f, '--trust', files.policy],
    'verify --trust': (f) => ['verify', files.signed, '--trust', f],
    'verify --key': (f) => ['verify', files.signed, '--key', f],
    'trust init --signer': (f) => ['trust', 'init', '--signer', f, '--image', '**', '--out', at('out.json')],
    'trust show': (f) => ['trust', 'show', f],
    'keygen --passphrase-file': (f) => ['keygen', '--out', at('out'), '--passphrase-file', f],
  };
  /** Any short text is a passphrase, and any file a passphrase file may hold one. */
  const fine = new Set(
    ['truncated', 'not UTF-8', 'a JSON of nothing known'].map((b) => `keygen --passphrase-file: ${b}`),
  );

  for (const [slot, args] of Object.entries(slots)) {
    for (const [kind, make] of Object.entries(bad)) {
      if (fine.has(`${slot}: ${kind}`)) continue;
      it(`${slot}: ${kind}`, async () => {
        const path = make();
        const before = readdirSync(directory);
        const io = await whorl(args(path));
        expect([2, 3]).toContain(io.exitCode);
        expect(io.stderr).toHaveLength(1);
        const told = io.stderr.join();
        expect(told).toMatch(/^whorl: .{10,}/);
        expect(told).not.toMatch(/internal|undefined|\[object|\n| at .*\.ts:/);
        if (kind.includes('terminal')) for (const c of ['\u001b', '\u202e']) expect(told).not.toContain(c);
        else expect(told).toContain(path);
        expect(io.stdout).toEqual([]);
        expect(readdirSync(directory)).toEqual(before);
      });
    }
  }

  it('gives the code of the step with --json and exit 3', async () => {
    const io = await whorl(['verify', bad.deep?.() ?? '', '--trust', files.policy, '--json']);
    expect(io.exitCode).toBe(3);
    expect(JSON.parse(io.stdout.join())).toMatchObject({ ok: false, code: 'ENVELOPE_SYNTAX' });
    const large = given('large', ' '.repeat(5 * 1024 * 1024));
    const tooLarge = await whorl(['verify', large, '--trust', files.policy, '--json']);
    expect(JSON.parse(tooLarge.stdout.join())).toMatchObject({ ok: false, code: 'TOO_LARGE' });
  });

  it('says so when the output cannot be written', async () => {
    mkdirSync(at('folder'), { recursive: true });
    for (const out of [at('nowhere/x.json'), at('folder')]) {
      const io = await whorl(['sign', files.baseline, ...signing, '--out', out]);
      expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(/cannot write/)]);
    }
  });
});

describe('the real program', () => {
  it('reads a passphrase from a descriptor and leaves with the code of the refusal', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['cli/main.ts', ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const shell = spawnSync(
      'sh',
      [
        '-c',
        'exec "$0" cli/main.ts keygen --out "$1" --passphrase-fd 7 7<"$2"',
        process.execPath,
        at('fd'),
        given('fd.txt', 'by fd\n'),
      ],
      { encoding: 'utf8' },
    );
    expect(shell.stderr).toBe('');
    expect(openPrivateKey(readFileSync(at('fd.key'), 'utf8'), 'by fd').seed).toHaveLength(32);
    const refused = run('verify', files.baseline, '--trust', files.policy);
    expect([refused.status, refused.stderr]).toEqual([
      3,
      expect.stringMatching(/is an unsigned baseline, not a signed envelope/),
    ]);
  }, 30_000);
});
