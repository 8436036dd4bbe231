import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Mode } from '../../fingerprint/verdict.ts';
import type { Subject } from '../../fingerprint/workload.ts';
import { ask } from '../control-client.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { LocalStack } from '../local-stack.ts';
import type { Narrator } from './narrator.ts';
import { policyFile, type Stage } from './stage.ts';

export interface ToApprove {
  readonly hash: string;
  readonly subject: Subject;
}

/**
 * What a person does who approves: makes a key, says whom this machine believes, looks at what was learned, signs it.
 * By the very commands a person would type.
 * @returns the envelope's file
 */
export async function approve(
  stage: Stage,
  stack: LocalStack,
  narrator: Narrator,
  what: ToApprove,
): Promise<string> {
  const at = (name: string): string => join(stage.directory, name);
  const whorl = (...args: readonly string[]): Promise<void> => runVerb(stage, narrator, args);
  await whorl('keygen', '--out', at('owner'), '--no-passphrase');
  const allow = ['--signer', at('owner.pub'), '--image', what.subject.name, '--max-mode', 'kill'];
  await whorl(
    'trust',
    'init',
    ...allow,
    '--command-key',
    stack.ready.commandKeyFile,
    '--out',
    policyFile(stage),
  );
  const baseline = await get(stack, `/baselines/${what.hash}`);
  await writeFile(at('baseline.json'), JSON.stringify(baseline));
  await whorl('sign', at('baseline.json'), '--key', at('owner.key'), '--out', at('shop.intoto.json'));
  return at('shop.intoto.json');
}

async function runVerb(stage: Stage, narrator: Narrator, args: readonly string[]): Promise<void> {
  const main = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url),
  );
  narrator.say(`$ whorl ${args.map((arg) => arg.replace(`${stage.directory}/`, '')).join(' ')}`);
  try {
    await promisify(execFile)(process.execPath, [main, ...args], { timeout: 60_000 });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new CliError(exitCodes.internal, `whorl ${args[0] ?? ''} failed: ${said}`, undefined, {
      cause: error,
    });
  }
}

export async function handOver(stack: LocalStack, envelope: Uint8Array): Promise<void> {
  await ask(stack.ready.controlSocket, 'collector', {
    method: 'POST',
    path: '/fingerprints',
    body: envelope,
  });
}

export async function setMode(stack: LocalStack, mode: Mode): Promise<void> {
  await ask(stack.ready.controlSocket, 'collector', { method: 'POST', path: '/policy', body: { mode } });
}

function get(stack: LocalStack, path: string): Promise<unknown> {
  return ask(stack.ready.controlSocket, 'collector', { method: 'GET', path });
}
