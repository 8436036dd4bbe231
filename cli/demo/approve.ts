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
import { policyFile, type Stage, stateDir } from './stage.ts';

export interface ToApprove {
  readonly hash: string;
  readonly subject: Subject;
}

/** Why the demo lets drift be stopped, as it is signed. */
export const reason = 'looked at it in the demo';

/** A person at this machine: what they do, they do by the very commands a person would type. */
export class Approver {
  readonly #stage: Stage;
  readonly #stack: LocalStack;
  readonly #narrator: Narrator;

  constructor(stage: Stage, stack: LocalStack, narrator: Narrator) {
    this.#stage = stage;
    this.#stack = stack;
    this.#narrator = narrator;
  }

  /** Makes a key, says whom this machine believes, looks at what was learned, signs it and hands it over. */
  async sign({ hash, subject }: ToApprove): Promise<void> {
    await this.#whorl('keygen', '--out', this.#at('owner'), '--no-passphrase');
    const allow = ['--signer', this.#at('owner.pub'), '--image', subject.name, '--max-mode', 'kill'];
    const command = ['--command-key', this.#stack.ready.commandKeyFile];
    await this.#whorl('trust', 'init', ...allow, ...command, '--out', policyFile(this.#stage));
    const path = `/api/v1/baselines/${hash}`;
    const baseline = await ask(this.#stack.ready.controlSocket, 'collector', { method: 'GET', path });
    await writeFile(this.#at('baseline.json'), JSON.stringify(baseline));
    await this.#whorl('sign', this.#at('baseline.json'), ...this.#signed('shop.intoto.json'));
  }

  /** Decides that what drifts from it may be stopped: a signature says what is normal, and stops nothing. */
  async approve(): Promise<void> {
    const decision = ['--trust', policyFile(this.#stage), '--mode', 'kill', '--reason', reason];
    await this.#whorl(
      'approve',
      this.#at('shop.intoto.json'),
      ...decision,
      ...this.#signed('shop.approval.json'),
    );
  }

  #signed(out: string): string[] {
    const by = ['--key', this.#at('owner.key'), '--out', this.#at(out)];
    return [...by, '--push', '--data-dir', stateDir(this.#stage)];
  }

  #at(name: string): string {
    return join(this.#stage.directory, name);
  }

  #whorl(...args: readonly string[]): Promise<void> {
    return runVerb(this.#stage, this.#narrator, args);
  }
}

async function runVerb(stage: Stage, narrator: Narrator, args: readonly string[]): Promise<void> {
  const main = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url),
  );
  const typed = args.map((arg) => arg.replace(`${stage.directory}/`, ''));
  narrator.say(`$ whorl ${typed.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg)).join(' ')}`);
  try {
    await promisify(execFile)(process.execPath, [main, ...args], { timeout: 60_000 });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new CliError(exitCodes.internal, `whorl ${args[0] ?? ''} failed: ${said}`, undefined, {
      cause: error,
    });
  }
}

export async function setMode(stack: LocalStack, mode: Mode): Promise<void> {
  await ask(stack.ready.controlSocket, 'collector', {
    method: 'POST',
    path: '/api/v1/policy/mode',
    body: { mode, reason: 'the story of the demo' },
    // Nobody else sets a policy of the demo's own collector.
    headers: { 'if-match': '*' },
  });
}
