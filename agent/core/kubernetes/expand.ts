import { type Fields, listOf, member, textOf } from './fields.ts';

/**
 * The command of a probe as kubelet starts it: `$(NAME)` becomes the value that the container's own list of variables
 * gives it, nothing where it is taken from elsewhere; `$$(NAME)` is the text `$(NAME)`, and what is not in the list stays.
 * Hooks are started as they are written.
 *
 * @param most characters, of what it was and of what comes of it: a few names of one long value make a text of gigabytes
 * @returns undefined when it would be longer
 */
export function expanded(
  command: readonly string[],
  env: unknown,
  most: number,
): readonly string[] | undefined {
  if (lengthOf(command) > most) return undefined;
  let room = most;
  const values = command.some((text) => text.includes('$(')) ? valuesOf(env) : nothing;
  const words: string[] = [];
  for (const text of command) {
    const word = expandedText(text, values, room);
    if (word === undefined) return undefined;
    room -= word.length;
    words.push(word);
  }
  return words;
}

const nothing: ReadonlyMap<string, string> = new Map();

function lengthOf(command: readonly string[]): number {
  return command.reduce((sum, text) => sum + text.length, 0);
}

function valuesOf(env: unknown): ReadonlyMap<string, string> {
  return new Map(
    listOf(env).flatMap((one: Fields): [string, string][] => {
      const name = textOf(one.name);
      return name === undefined ? [] : [[name, textOf(member(one, 'value')) ?? '']];
    }),
  );
}

/** In one pass from the left: what a value brings in is not read again, and what is open is not looked for twice. */
function expandedText(text: string, values: ReadonlyMap<string, string>, most: number): string | undefined {
  const lastEnd = text.lastIndexOf(')');
  let word = '';
  let from = 0;
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', Math.max(from, at + 1))) {
    const isEscape = text[at + 1] === '$';
    const end = isEscape ? at + 1 : text[at + 1] === '(' && at < lastEnd ? text.indexOf(')', at) : -1;
    if (end < 0) continue;
    const value = isEscape ? '$' : values.get(text.slice(at + 2, end));
    word += text.slice(from, at) + (value ?? text.slice(at, end + 1));
    if (word.length > most) return undefined;
    from = end + 1;
  }
  word += text.slice(from);
  return word.length > most ? undefined : word;
}
