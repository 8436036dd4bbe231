import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority } from '../collector/adapters/keys/certificates.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { CliError } from './exit.ts';
import type { Io } from './io.ts';
import { IdentityError, type JoinRequest } from './join-node.ts';
import { register } from './verb-join.ts';

const token = `whorl-join.${'a'.repeat(16)}.${'b'.repeat(43)}.${'c'.repeat(32)}`;
let certificate: X509Certificate;
let dir: string;
beforeAll(async () => {
  certificate = new X509Certificate((await makeAuthority(Date.now())).certificate);
  dir = mkdtempSync(join(tmpdir(), 'whorl-join-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** The verb against a collector that gives a certificate, or refuses with this code. */
async function whorl(args: readonly string[], given: Partial<Io> = {}, refusal?: string) {
  const asked: JoinRequest[] = [];
  const io = fakeIo({ token: `${token}\n`, other: 'hunter2' }, given);
  const answer = async () => {
    if (refusal !== undefined) throw new IdentityError(refusal, 'the token says no');
    return certificate;
  };
  const program = new Command('whorl').exitOverride().configureOutput({ writeErr: () => undefined });
  register(program, io, async () => ({
    seenAuthority: answer,
    joinNode: async (request) => {
      asked.push(request);
      return { certificate: await answer(), authority: certificate };
    },
  }));
  const failed = await program
    .parseAsync(['join', ...args, '--data-dir', dir], { from: 'user' })
    .then(() => undefined)
    .catch((error: unknown) => error);
  return { io, asked, failed };
}

describe('whorl join', () => {
  it('joins as this host, and prints the settings of the agent', async () => {
    const { io, asked } = await whorl(['c.example', '--token-file', 'token', '--cluster', 'prod']);
    expect(asked).toMatchObject([
      { address: 'c.example:7443', token, cluster: 'prod', node: hostname(), dataDir: dir },
    ]);
    expect(io.stdout).toEqual(['collector=c.example:7443', 'cluster=prod', `dataDir=${dir}`]);
    expect(io.stderr.join('\n')).not.toContain(token);
  });

  it('asks for the token where there is a terminal', async () => {
    expect((await whorl(['c:7443'], { askSecret: async () => ` ${token}\n` })).asked).toMatchObject([
      { token },
    ]);
  });

  it('writes the configuration where there is none, and looks before it uses the token up', async () => {
    const file = join(dir, 'etc', 'agent.json');
    const { io } = await whorl(['c:7443', '--token-file', 'token', '--node', 'n1', '--write-config', file]);
    expect(JSON.parse(Buffer.from(io.files.get(file) ?? []).toString())).toEqual({
      collector: 'c:7443',
      node: 'n1',
      dataDir: dir,
    });
    const taken = await whorl(['c:7443', '--token-file', 'token', '--write-config', '/etc/hostname']);
    expect([taken.failed, taken.asked]).toEqual([expect.any(CliError), []]);
  });

  it('shows the authority in a dry run and joins nothing', async () => {
    const { io, asked } = await whorl(['c:7443', '--token-file', 'token', '--dry-run']);
    expect([io.stdout, asked]).toEqual([[`sha256 ${certificate.fingerprint256}`], []]);
  });

  it.each([
    ['token-used', 3],
    ['token-expired', 3],
    ['token-unknown', 3],
    ['wrong-collector', 3],
    ['revoked', 3],
    ['node-taken', 3],
    ['unreachable', 5],
    ['too-many-attempts', 5],
    ['bad-name', 2],
  ])('refused with %s it ends with %i', async (code, exitCode) => {
    const { failed } = await whorl(['c:7443', '--token-file', 'token'], {}, code);
    expect(failed).toMatchObject({ exitCode, message: `the token says no (${code})` });
  });

  it.each<[string, string[], number]>([
    ['what is no token, without showing it', ['c:7443', '--token-file', 'other'], 3],
    ['what is no address', ['https://c:7443/x', '--token-file', 'token'], 2],
    ['what is no name', ['c:7443', '--token-file', 'token', '--node', 'a/b'], 2],
    ['no token at all', ['c:7443'], 2],
  ])('refuses %s', async (_, args, exitCode) => {
    const { failed, asked } = await whorl(args);
    expect([failed, asked]).toEqual([expect.objectContaining({ exitCode }), []]);
    expect(String(failed)).not.toContain('hunter2');
  });
});
