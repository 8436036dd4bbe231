import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maxSteps } from '../../fingerprint/limits.ts';
import { readStep } from '../../fingerprint/parse-steps.ts';
import { beforeFirstStep } from '../../fingerprint/steps.ts';
import type { StepLog } from './step-log.ts';
import { maxLineBytes, readStepRequest, type StepAnswer } from './step-wire.ts';

/** Tests that run beside each other: more than a machine has cores. */
const maxConnections = 256;

/** Where the test script names its steps. */
export interface StepServer {
  readonly path: string;
  close(): void;
}

/** Listens on a socket that only this user reaches. @param log of the run under way; undefined between two */
export async function openStepServer(log: () => StepLog | undefined, now: () => number): Promise<StepServer> {
  // The path of a socket holds 107 bytes: a long TMPDIR is no place for it.
  const dir = mkdtempSync(join(existsSync('/run') ? '/run' : tmpdir(), 'whorl-record-'));
  const path = join(dir, 'step.sock');
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket.on('close', () => open.delete(socket)));
    serve(socket, log, now);
  });
  server.maxConnections = maxConnections;
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return {
    path,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** First line: the step begins, and what happens from then on is its own. Second line, or the end: it is over. */
function serve(socket: Socket, log: () => StepLog | undefined, now: () => number): void {
  let held = '';
  let end: (() => void) | undefined;
  const take = (line: string): void => {
    if (end !== undefined) {
      end();
      end = undefined;
      socket.end('{}\n');
      return;
    }
    const { answer, over } = begin(log(), line, now);
    end = over;
    socket.write(`${JSON.stringify(answer)}\n`);
    if (end === undefined) socket.end();
  };
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  // Its command was killed, or never told: it is over all the same.
  socket.on('close', () => end?.());
  socket.on('data', (text: string) => {
    held += text;
    if (held.length > maxLineBytes) socket.destroy();
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}

interface Begun {
  readonly answer: StepAnswer;
  /** Ends it; undefined when it goes on until the next, or never began. */
  readonly over?: () => void;
}

function begin(log: StepLog | undefined, line: string, now: () => number): Begun {
  const request = readStepRequest(line);
  if (request === undefined) return refused('this is another version of whorl');
  if (log === undefined) return refused('no test runs just now');
  if (log.size >= maxSteps) return refused(`a recording has at most ${maxSteps} steps`);
  const problem = problemOf(request.step);
  if (problem !== undefined) return refused(problem);
  const within = request.within === undefined ? {} : { within: request.within };
  const id = log.begin(request.step, now(), { ...within, isSpan: request.span });
  return { answer: { id }, ...(request.span ? { over: () => log.end(id, now()) } : {}) };
}

function refused(error: string): Begun {
  return { answer: { error } };
}

function problemOf(name: string): string | undefined {
  if (name === beforeFirstStep) return `${beforeFirstStep} is what comes before all steps`;
  try {
    readStep(name, 'the name of the step');
    return undefined;
  } catch (error) {
    return error instanceof Error ? `the name of the step ${error.message}` : 'the name cannot be used';
  }
}
