import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Step {
  readonly name: string;
  readonly id?: string;
  readonly if?: string;
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: string;
}

export interface ActionFile {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const root = join(import.meta.dirname, '..', '..');
export const actionFile: ActionFile = parse(readFileSync(join(root, 'action.yml'), 'utf8'));

export interface Comment {
  readonly id: number;
  body: string;
  readonly user: { readonly type: string };
  readonly author_association: string;
}

/** A pull request's comments behind the API of the forge, on loopback. */
export interface Forge {
  readonly url: string;
  readonly comments: Comment[];
  /** Method and path of every request, with the token it came with. */
  readonly requests: string[];
  /** Answers everything with this status when set. */
  refuses: number | undefined;
  close(): Promise<void>;
}

export async function startForge(): Promise<Forge> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      forge.requests.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      const answer = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      if (forge.refuses !== undefined) return answer(forge.refuses, { message: 'no' });
      const url = new URL(request.url ?? '', 'http://x');
      if (request.method === 'GET') {
        const page = Number(url.searchParams.get('page'));
        return answer(200, forge.comments.slice((page - 1) * 100, page * 100));
      }
      const { body } = JSON.parse(Buffer.concat(parts).toString());
      const known = forge.comments.find((c) => url.pathname.endsWith(`/issues/comments/${c.id}`));
      if (known !== undefined) known.body = body;
      else
        forge.comments.push({
          id: forge.comments.length + 1,
          body,
          user: { type: 'Bot' },
          author_association: 'NONE',
        });
      return answer(known === undefined ? 201 : 200, {});
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const forge: Forge = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments: [],
    requests: [],
    refuses: undefined,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
  return forge;
}

/** The result of one use of the action, as a workflow sees it. */
export interface Used {
  readonly code: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly log: string;
  readonly summary: string;
  /** Names of the steps that ran. */
  readonly ran: readonly string[];
}

export interface Use {
  readonly with: Readonly<Record<string, string>>;
  readonly workspace: string;
  readonly forge?: Forge;
  readonly event?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** Does what a runner does with action.yml: inputs to expressions, expressions to the environment, steps to bash. */
export async function useAction(use: Use): Promise<Used> {
  const temp = mkdtempSync(join(tmpdir(), 'whorl-runner-'));
  try {
    return await runSteps(use, temp);
  } finally {
    rmSync(temp, { recursive: true });
  }
}

async function runSteps(use: Use, temp: string): Promise<Used> {
  const file = (name: string, content = ''): string => {
    writeFileSync(join(temp, name), content);
    return join(temp, name);
  };
  const context = new Map([
    ['github.action_path', root],
    ['github.token', 'ghs_job'],
  ]);
  for (const name of Object.keys(use.with))
    if (actionFile.inputs[name] === undefined) throw new Error(`action.yml has no input ${name}`);
  for (const [name, { default: missing = '' }] of Object.entries(actionFile.inputs))
    context.set(`inputs.${name}`, use.with[name] ?? evaluated(missing, context));
  const bin = join(temp, 'bin');
  mkdirSync(bin);
  // The packages are here already, and a test fetches nothing.
  writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "npm $*"\n');
  chmodSync(join(bin, 'npm'), 0o755);
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: temp,
    RUNNER_TEMP: temp,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: file('event.json', JSON.stringify(use.event ?? { pull_request: { number: 7 } })),
    GITHUB_REPOSITORY: 'shop/cart',
    GITHUB_STEP_SUMMARY: file('summary.md'),
    ...(use.forge === undefined ? {} : { GITHUB_API_URL: use.forge.url }),
    ...use.env,
  };
  const told = { code: 0, log: '', ran: [] as string[] };
  for (const step of actionFile.runs.steps) {
    if (told.code !== 0 || !isMeant(step.if, context)) continue;
    told.ran.push(step.name);
    const output = file('output');
    const given = Object.fromEntries(
      Object.entries(step.env).map(([name, text]) => [name, evaluated(text, context)]),
    );
    const script = file('step.sh', step.run);
    const { code, log } = await bash(script, use.workspace, { ...env, ...given, GITHUB_OUTPUT: output });
    told.code = code;
    told.log += log;
    for (const line of readFileSync(output, 'utf8').split('\n').filter(Boolean)) {
      const [name = '', ...value] = line.split('=');
      context.set(`steps.${step.id}.outputs.${name}`, value.join('='));
    }
  }
  const outputs = Object.fromEntries(
    Object.entries(actionFile.outputs).map(([name, { value }]) => [name, evaluated(value, context)]),
  );
  const summary = existsSync(env.GITHUB_STEP_SUMMARY) ? readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8') : '';
  return { ...told, outputs, summary };
}

function evaluated(text: string, context: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => context.get(name) ?? '');
}

function isMeant(condition: string | undefined, context: ReadonlyMap<string, string>): boolean {
  if (condition === undefined) return true;
  const name = /^([\w.-]+) != ''$/.exec(condition)?.[1];
  if (name === undefined) throw new Error(`this runner does not know the condition ${condition}`);
  return (context.get(name) ?? '') !== '';
}

async function bash(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ code: number; log: string }> {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], { cwd, env });
  let log = '';
  child.stdout.on('data', (part: Buffer) => (log += part.toString()));
  child.stderr.on('data', (part: Buffer) => (log += part.toString()));
  const [code] = await once(child, 'close');
  return { code: Number(code), log };
}
