import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path/posix';
import type { ProcessRef } from '../../../fingerprint/event.ts';
import { scriptOperand } from '../../../fingerprint/script-operand.ts';
import { readAlive, readProcLink } from '../linux/process-proc.ts';
import { openInRoot } from './file-in-root.ts';

/** As large as an executable gets (a statically linked browser is half of it); more is not read for an identity. */
const maxBytes = 512 * 1024 * 1024;
const maxArgBytes = 128 * 1024;

/**
 * The identity of software that came without an image (docs/format.md, identity): `sha256:` and the SHA-256, in lower
 * hex, of these lines of UTF-8 text, each ended by a newline:
 *
 *     whorl.dev/entrypoint/v1
 *     exe <SHA-256 of the executable's bytes>
 *     file <SHA-256 of the script's bytes>        only when an interpreter runs a file
 *     text <SHA-256 of the argument>              only when it runs code, a module or a class named on its command line
 *
 * Read from /proc/<pid>/{exe,cmdline,cwd,root}, so that a container's files are its own and a replaced file on disk is
 * not taken for the one that runs. Modules and libraries loaded later are not part of it: they are judged as behaviour.
 *
 * @returns undefined for a bare interpreter, which is never an identity, and when the process is gone or unreadable.
 */
export async function entrypointDigest(ref: ProcessRef): Promise<string | undefined> {
  const proc = `/proc/${ref.pid}`;
  const exe = readProcLink(ref.pid, 'exe');
  if (exe === undefined || readAlive(ref) === undefined) return undefined;
  const handle = await open(`${proc}/exe`).catch(() => undefined);
  const exeDigest = await hashAndClose(handle);
  const args = await readArgs(`${proc}/cmdline`);
  const operand = scriptOperand(exe.replace(/ \(deleted\)$/, ''), args);
  if (exeDigest === undefined || operand === undefined) return undefined;
  const lines = ['whorl.dev/entrypoint/v1', `exe ${exeDigest}`];
  switch (operand.kind) {
    case 'none':
      break;
    case 'text':
      lines.push(`text ${sha256(operand.text)}`);
      break;
    case 'file': {
      const path = resolve(readProcLink(ref.pid, 'cwd') ?? '/', operand.path);
      const file = await hashAndClose(await openInRoot(`${proc}/root`, path));
      if (file === undefined) return undefined;
      lines.push(`file ${file}`);
    }
  }
  // It may have executed something else, or died and been replaced, while we read.
  if (readAlive(ref) === undefined || readProcLink(ref.pid, 'exe') !== exe) return undefined;
  return `sha256:${sha256(`${lines.join('\n')}\n`)}`;
}

async function readArgs(path: string): Promise<string[]> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return bytes.subarray(0, maxArgBytes).toString('utf8').replace(/\0$/, '').split('\0');
}

async function hashAndClose(handle: FileHandle | undefined): Promise<string | undefined> {
  if (handle === undefined) return undefined;
  try {
    if ((await handle.stat()).size > maxBytes) return undefined;
    const hash = createHash('sha256');
    for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk);
    return hash.digest('hex');
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
