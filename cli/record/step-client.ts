import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { printable } from '../../fingerprint/printable.ts';
import { CliError, exitCodes } from '../exit.ts';
import { readStepAnswer, type StepRequest } from './step-wire.ts';

/** A recording answers at once; one that does not is gone. */
const patienceMs = 10_000;

export interface BegunStep {
  readonly id: string;
  /** Resolves when the recording knows that it is over. */
  end(): Promise<void>;
}

/** Tells the recording. Resolves when it knows, so that nothing the step does is booked on the one before. @throws CliError */
export async function beginStep(path: string, request: StepRequest): Promise<BegunStep> {
  const socket = connect(path);
  socket.setTimeout(patienceMs, () => socket.destroy(new Error('it does not answer')));
  // Each failure shows as an end of the lines; this one has a cause to tell.
  let cause: Error | undefined;
  socket.on('error', (error) => {
    cause = error;
  });
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  socket.write(`${JSON.stringify(request)}\n`);
  const answer = await answerOf(lines);
  if (answer === undefined) throw away(path, cause);
  if ('error' in answer) {
    socket.destroy();
    throw new CliError(exitCodes.usage, `the recording refuses the step: ${printable(answer.error)}`);
  }
  socket.setTimeout(0);
  return { id: answer.id, end: () => end(socket, lines) };
}

type Lines = AsyncIterator<string, unknown>;

async function answerOf(lines: Lines): Promise<ReturnType<typeof readStepAnswer>> {
  // An error of the socket was told to us already, as its cause.
  const { value, done } = await lines.next().catch(() => ({ value: undefined, done: true }));
  return done === true || typeof value !== 'string' ? undefined : readStepAnswer(value);
}

async function end(socket: Socket, lines: Lines): Promise<void> {
  // A recording that is gone needs to be told nothing.
  if (socket.writable) socket.write('{}\n');
  await answerOf(lines);
  socket.destroy();
}

function away(path: string, cause: Error | undefined): CliError {
  const why = cause === undefined ? 'it ended' : printable(cause.message);
  return new CliError(
    exitCodes.usage,
    `the recording at ${printable(path)} does not answer: ${why}`,
    'name steps only while whorl record runs',
  );
}
