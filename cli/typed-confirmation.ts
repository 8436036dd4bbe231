import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';

/**
 * Has a person type a word before something that others feel at once; `--yes` is for scripts.
 * @throws CliError when it was not typed, or there is nobody to type it
 */
export async function typedConfirmation(
  io: Io,
  { word, yes, what }: { readonly word: string; readonly yes: boolean | undefined; readonly what: string },
): Promise<void> {
  if (yes === true) return;
  io.err(what);
  const typed = await io.ask(`Type ${word} to go on: `);
  if (typed === undefined)
    throw new CliError(
      exitCodes.usage,
      'nobody can confirm it: there is no terminal',
      'add --yes when it is meant',
    );
  if (typed.trim() !== word)
    throw new CliError(exitCodes.usage, 'that is not what was to be typed; nothing was done');
}
