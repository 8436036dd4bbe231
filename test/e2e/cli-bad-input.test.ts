import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * Every file that a verb reads, in every way it can be wrong, through the real launcher: one sentence, the right exit
 * code, nothing written, no stack trace, no control character.
 */
const directory = mkdtempSync(join(tmpdir(), 'whorl-bad-'));
const at = (name: string): string => join(directory, name);
const digest = `sha256:${'ab'.repeat(32)}`;
const launcher = resolve('bin', 'whorl');

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function whorl(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      launcher,
      [...args],
      { env: { ...process.env, WHORL_DEBUG: '' }, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

const event = (over: object = {}): string =>
  `${JSON.stringify({ time: '2026-05-01T08:00:00.000000Z', kind: 'exec', process: { pid: 10, start: 1_000_000 }, exe: '/bin/a', args: ['a'], ...over })}\n`;

/** One way a file can be wrong. */
const bad: readonly (readonly [name: string, file: string])[] = [
  ['missing', 'missing.json'],
  ['empty', 'empty.json'],
  ['truncated', 'truncated.json'],
  ['huge', 'huge.json'],
  ['deep', 'deep.json'],
  ['not UTF-8', 'latin1.json'],
  ['a directory', 'folder'],
  ['of another kind', 'other.json'],
  ['full of control characters', 'hostile.json'],
];

/** Which verb reads which file; `F` stands for the bad one. Codes: 2 usage, 3 where a refusal is a matter of trust. */
const reading: readonly (readonly [name: string, codes: readonly number[], args: readonly string[]])[] = [
  ['learn --from', [2], ['learn', '--subject', `shop@${digest}`, '--from', 'F', '--out', 'out/x']],
  ['judge --fingerprint', [2, 3], ['judge', '--fingerprint', 'F', '--trust', 'policy.json', 'events.jsonl']],
  ['judge --trust', [2, 3], ['judge', '--fingerprint', 'good.intoto.json', '--trust', 'F', 'events.jsonl']],
  ['judge EVENTS', [2], ['judge', '--fingerprint', 'good.intoto.json', '--trust', 'policy.json', 'F']],
  ['backtest BASELINE', [2], ['backtest', 'F', 'events.jsonl']],
  ['backtest EVENTS', [2], ['backtest', 'baseline.json', 'F']],
  ['diff OLD', [2], ['diff', 'F', 'baseline.json']],
  ['diff NEW', [2], ['diff', 'good.intoto.json', 'F', '--markdown']],
  ['lint', [2], ['lint', 'F']],
  ['merge', [2], ['merge', 'baseline.json', 'F', '--out', 'out/x']],
  ['prune BASELINE', [2], ['prune', 'F', '--program', 'a', '--out', 'out/x']],
  ['prune --unused-by', [2], ['prune', 'baseline.json', '--unused-by', 'F', '--out', 'out/x']],
  ['inspect', [2], ['inspect', 'F']],
  ['explain', [2], ['explain', '--file', 'F']],
  ['sign BASELINE', [2, 3], ['sign', 'F', '--key', 'good.key', '--out', 'out/x']],
  ['sign --key', [2, 3], ['sign', 'baseline.json', '--key', 'F', '--out', 'out/x']],
  ['verify', [2, 3], ['verify', 'F', '--trust', 'policy.json']],
  ['verify --trust', [2, 3], ['verify', 'good.intoto.json', '--trust', 'F']],
  ['verify --key', [2, 3], ['verify', 'good.intoto.json', '--key', 'F']],
  ['trust init --signer', [2, 3], ['trust', 'init', '--signer', 'F', '--image', 'shop', '--out', 'out/x']],
];

beforeAll(async () => {
  mkdirSync(at('out'));
  mkdirSync(at('folder'));
  writeFileSync(at('empty.json'), '');
  writeFileSync(at('truncated.json'), '{"format":"whorl-baseline/v1","subject":{"na');
  writeFileSync(at('huge.json'), '');
  truncateSync(at('huge.json'), 3 * 2 ** 30);
  writeFileSync(at('deep.json'), '['.repeat(200_000));
  writeFileSync(at('latin1.json'), Buffer.from('{"format":"caf\xe9"}', 'latin1'));
  writeFileSync(at('other.json'), JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }));
  writeFileSync(
    at('hostile.json'),
    JSON.stringify({ kind: '\u001b[2J\u202e', '\u001b]0;x\u0007': 1, time: '\r' }).replaceAll(
      '\\u001b',
      '\u001b',
    ),
  );
  writeFileSync(at('events.jsonl'), event());
  await good();
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The files beside the bad one must be good, else another refusal would be tested. */
async function good(): Promise<void> {
  const steps = [
    ['learn', '--subject', `shop@${digest}`, '--from', at('events.jsonl'), '--out', at('baseline.json')],
    ['keygen', '--out', at('good'), '--no-passphrase'],
    ['trust', 'init', '--signer', at('good.pub'), '--image', 'shop', '--out', at('policy.json')],
    ['sign', at('baseline.json'), '--key', at('good.key'), '--out', at('good.intoto.json')],
    ['verify', at('good.intoto.json'), '--trust', at('policy.json')],
    ['judge', '--fingerprint', at('good.intoto.json'), '--trust', at('policy.json'), at('events.jsonl')],
  ];
  for (const step of steps) expect(await whorl(...step), step.join(' ')).toMatchObject({ code: 0 });
}

// Beside each other: each is a process, and there are some two hundred.
describe.each(reading)('%s', { concurrent: true }, (_verb, codes, args) => {
  it.each(bad)('a file that is %s is one sentence', async (_how, file) => {
    const real = args.map((arg) =>
      arg === 'F' ? at(file) : /^out\/|\.(jsonl?|key|pub)$/.test(arg) ? at(arg) : arg,
    );
    const ran = await whorl(...real);
    expect(codes, ran.stderr).toContain(ran.code);
    expect(ran.stdout).toBe('');
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(ran.stderr).toMatch(/^whorl: /);
    expect(ran.stderr).toContain(file);
    expect(ran.stderr).not.toMatch(/\bat .*\.ts:|internal error|node:/);
    expect(ran.stderr.trimEnd()).not.toMatch(/\p{Cc}|\u202e/u);
    expect(readdirSync(at('out'))).toEqual([]);
  });
});

describe('events', () => {
  it.each<[string, string, RegExp]>([
    ['a kind nobody knows', event() + event({ kind: 'dance' }), /bad\.jsonl:2.*kind/],
    ['a member of the wrong type', event({ args: 'a' }), /bad\.jsonl:1.*args/],
    ['a line cut in the middle', event() + event().slice(0, 60), /bad\.jsonl:2/],
    ['a number out of range', event({ process: { pid: -1, start: 0 } }), /bad\.jsonl:1.*process\.pid/],
    ['a member nobody knows', event({ colour: 'red' }), /bad\.jsonl:1.*colour/],
  ])('%s names file, line and field', async (_name, content, sentence) => {
    writeFileSync(at('bad.jsonl'), content);
    const ran = await whorl(
      'learn',
      '--subject',
      `shop@${digest}`,
      '--from',
      at('bad.jsonl'),
      '--out',
      at('out/x'),
    );
    expect(ran.stderr).toMatch(sentence);
    expect(ran.code).toBe(2);
    expect(readdirSync(at('out'))).toEqual([]);
  });

  it('control characters in events do not reach the terminal through an incident', async () => {
    writeFileSync(at('esc.jsonl'), event({ exe: '/tmp/\u001b[31mx\r', args: ['\u001b[2J', '\u202e'] }));
    const ran = await whorl(
      'judge',
      '--fingerprint',
      at('good.intoto.json'),
      '--trust',
      at('policy.json'),
      at('esc.jsonl'),
    );
    expect(ran.code).toBe(1);
    expect(ran.stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\u202e/u);
  });
});

describe('the command line itself', () => {
  it.each<[string, readonly string[], number, RegExp]>([
    ['an unknown verb is answered with the nearest', ['jugde'], 2, /judge/],
    ['an unknown option', ['inspect', '--frobnicate', 'x'], 2, /frobnicate/],
    ['a missing argument', ['inspect'], 2, /missing/],
    ['diff with one file', ['diff', 'x'], 2, /missing/],
    ['diff of an image in no registry', ['diff', 'shop:1', 'shop:2'], 2, /image reference begins/],
    ['lint of nothing', ['lint'], 2, /name a baseline/],
    ['merge of one', ['merge', 'x', '--out', 'y'], 2, /two baselines/],
    ['prune of nothing', ['prune', 'x', '--out', 'y'], 2, /say what to take back/],
    ['a subject without digest', ['learn', '--subject', 'shop', '--from', 'x', '--out', 'y'], 2, /sha256/],
  ])('%s', async (_name, args, code, sentence) => {
    const ran = await whorl(...args);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(sentence);
  });
});

describe('the agent whose source cannot be', () => {
  const there = (address: string): string => `sourceAddress=${address}`;
  it.each<[string, number, RegExp, readonly string[]]>([
    ['of no such name', 2, /source must be one of/, ['--source', 'sysdig']],
    ['read in no such way', 2, /transport must be one of http2, grpc-js/, ['--transport', 'quic']],
    ['an address without a source', 2, /source must say whose/, ['--set', there('unix:/x')]],
    ['Tracee at no address', 2, /unix:\/path or host:port/, ['--source', 'tracee', '--set', there('tracee')]],
    ['Falco at no address', 2, /must be file:/, ['--source', 'falco', '--set', there('unix:falco')]],
    [
      'Falco for everybody',
      2,
      /everybody could speak as Falco; listen at/,
      ['--source', 'falco', '--set', there('http://0.0.0.0:1/x')],
    ],
    ['metrics nowhere', 2, /sourceMetrics must be http:/, ['--source', 'falco', '--set', 'sourceMetrics=x']],
    [
      'Tetragon where nobody is',
      4,
      /no such socket; start it, or .* \(unreachable\)$/,
      ['--source', 'tetragon', '--set', there('unix:/nowhere/t.sock')],
    ],
    [
      'Falco without its directory',
      4,
      /its directory does not exist; make it, or .* \(unreachable\)$/,
      ['--source', 'falco', '--set', there('unix:/nowhere/f.sock')],
    ],
  ])('%s', async (_name, code, sentence, args) => {
    const ran = await whorl('agent', '--data-dir', at('agent'), '--set', 'logLevel=error', ...args);
    expect(ran.stdout).toBe('');
    expect(ran.stderr.trimEnd()).toMatch(/^whorl: [^\n]*$/);
    expect(ran.stderr.trimEnd()).toMatch(sentence);
    expect(ran.code).toBe(code);
  });
});
