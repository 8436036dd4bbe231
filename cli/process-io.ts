import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { readChunks, readFile } from './read-file.ts';
import { renderText } from './text.ts';
import { writeChunks, writeFile } from './write-file.ts';

/** The world as it is. The exit code is kept on `process`, so that buffered output is written before the end. */
export function processIo(): Io {
  const isTTY = process.stdout.isTTY === true;
  const noColour = (process.env.NO_COLOR ?? '') !== '' || process.argv.includes('--no-color');
  const colourOut = isTTY && !noColour;
  const colourErr = process.stderr.isTTY === true && !noColour;
  return {
    env: process.env,
    isTTY,
    readFile,
    readChunks,
    writeFile,
    writeChunks,
    outChunks,
    out: (text) => void process.stdout.write(`${renderText(text, colourOut)}\n`),
    err: (text) => void process.stderr.write(`${renderText(text, colourErr)}\n`),
    ask: (question) => askLine(question, process.stderr),
    askSecret,
    now: () => Date.now(),
    random: (length) => randomBytes(length),
    exit: (code: ExitCode) => {
      process.exitCode = code;
    },
  };
}

async function outChunks(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}

/** readline echoes what it is given as output: a sink that shows the question and nothing after it. */
async function askSecret(question: string): Promise<string | undefined> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  return askLine(question, silent, '\n');
}

async function askLine(question: string, output: Writable, after = ''): Promise<string | undefined> {
  if (process.stdin.isTTY !== true) return undefined;
  process.stderr.write(question);
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise<string | undefined>((resolve) => {
      reader.once('line', resolve);
      reader.once('close', () => resolve(undefined));
    });
  } finally {
    reader.close();
    process.stderr.write(after);
  }
}
