import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, publicPem } from '../../fingerprint/keys.ts';
import { packaged } from '../fakes/packaged.ts';

/** Runs what docs/vendors.md says is run: signing by our command line, verifying by tools of other people. */
const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'vendors.md'), 'utf8');
const marked = [...page.matchAll(/<!-- run(?:: (\w+))? -->\n```\w+\n([\s\S]*?)```/g)].map(
  ([, tool = 'whorl', text = '']) => ({ tool, text }),
);
const block = (tool: string): string => marked.find((b) => b.tool === tool)?.text ?? '';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'whorl-vendor-'));
  writeFileSync(join(directory, 'passphrase.txt'), 'correct horse battery staple\n', { mode: 0o600 });
  writeFileSync(join(directory, 'cart.json'), JSON.stringify(packaged));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  for (const { tool, text } of marked) {
    if (tool !== 'whorl') continue;
    const { status, stderr } = bash(text, directory);
    expect(status, stderr).toBe(0);
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

function bash(text: string, cwd: string): { status: number | null; stdout: string; stderr: string } {
  const script = join(cwd, 'block.sh');
  writeFileSync(script, text);
  return spawnSync('bash', ['-eu', script], {
    cwd,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${join(root, 'bin')}:${process.env.PATH}`,
      SOURCE_DATE_EPOCH: '1777795200',
    },
  });
}

/** How each block is run in a directory; Debian's Python, which alone sees Debian's packages. */
const tools: Readonly<
  Record<string, (cwd: string) => { status: number | null; stdout: string; stderr: string }>
> = {
  openssl: (cwd) => bash(block('openssl'), cwd),
  python: (cwd) => script(cwd, '/usr/bin/python3', 'block.py', block('python')),
  node: (cwd) => script(cwd, process.execPath, 'block.mjs', block('node')),
};

function script(cwd: string, program: string, file: string, text: string): ReturnType<typeof bash> {
  writeFileSync(join(cwd, file), text);
  return spawnSync(program, [file], { cwd, encoding: 'utf8' });
}

/** The vendor's files in a directory of their own, changed by somebody on the way. */
function changed(change: (file: string, text: string) => string): string {
  const copy = mkdtempSync(join(directory, 'changed-'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const file of ['cart.intoto.json', 'cart.sigstore.json', 'vendor.pub']) {
    cpSync(join(directory, file), join(copy, file));
    writeFileSync(join(copy, file), change(file, readFileSync(join(copy, file), 'utf8')));
  }
  return copy;
}

/** One byte of the payload, so that it is still JSON. */
function withOtherByte(text: string): string {
  return text.replace(/"payload":"([^"]+)"/, (_, payload: string) => {
    const content = Buffer.from(payload, 'base64').toString().replace('/usr/sbin/nginx', '/usr/sbin/nginy');
    return `"payload":"${Buffer.from(content).toString('base64')}"`;
  });
}

it('corrects what was published: the first version counts no more', () => {
  const verify = (file: string): ReturnType<typeof bash> =>
    bash(`whorl verify ${file} --trust policy.json`, directory);
  const { status, stderr } = verify('cart.intoto.json');
  expect(status).toBe(3);
  expect(stderr).toMatch(/BELOW_MINIMUM|KEY_RETIRED/);
  expect(verify('cart-2.intoto.json').status).toBe(0);
});

it('marks a block for each tool', () => {
  expect([...new Set(marked.map((b) => b.tool))]).toEqual(['whorl', 'openssl', 'python', 'node']);
});

describe.each(Object.entries(tools))('the block for %s', (_tool, run) => {
  it('accepts what the vendor signed', () => {
    const { status, stdout, stderr } = run(directory);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/Signature Verified Successfully|registry\.example\/shop\/cart/);
  });

  it('refuses it when one byte is another', () => {
    const copy = changed((file, text) => (file === 'vendor.pub' ? text : withOtherByte(text)));
    expect(readFileSync(join(copy, 'cart.intoto.json'), 'utf8')).not.toBe(
      readFileSync(join(directory, 'cart.intoto.json'), 'utf8'),
    );
    const { status, stdout, stderr } = run(copy);
    expect(status).not.toBe(0);
    expect(`${stdout}${stderr}`).toMatch(
      /Verification Failure|UnverifiedSignatureError|signature verification failed/,
    );
  });

  it('refuses it under another key', () => {
    const stranger = publicPem(generateKey((length) => new Uint8Array(length).fill(9)).publicKey);
    const { status, stdout, stderr } = run(
      changed((file, text) => (file === 'vendor.pub' ? stranger : text)),
    );
    expect(status).not.toBe(0);
    expect(`${stdout}${stderr}`).toMatch(
      /Verification Failure|UnverifiedSignatureError|signature verification failed/,
    );
  });
});
