import { type CodeReader, codeReader, mayReadCode } from '../../fingerprint/code-files.ts';
import type { EventOf } from '../../fingerprint/event.ts';
import { memoised } from '../../fingerprint/memo.ts';
import type { AttributedAct } from './attributed.ts';

/** Asked at each open of a node; a node runs some hundred programs. */
const mayRead = memoised(mayReadCode, 1_024);

/** What an execution made of its process; null: no interpreter. */
const readers = new WeakMap<EventOf<'exec'>, CodeReader | null>();

/**
 * Whether the program that acts is an interpreter, and if so whether it runs what is in the file it opens. By the
 * execution at the time of the act: the same program reads one script as code and the next one as data.
 */
export function readerOf({ image, actor }: AttributedAct): CodeReader | undefined {
  const exe = actor.lineage.at(-1) ?? '';
  if (!mayRead(exe)) return undefined;
  // Its execution was not seen: then the file's name must do.
  if (image === undefined || image.exe !== exe) return codeReader({ exe, args: [] });
  const known = readers.get(image);
  if (known !== undefined) return known ?? undefined;
  const reader = codeReader(image);
  readers.set(image, reader ?? null);
  return reader;
}
