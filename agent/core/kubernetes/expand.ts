import { type Fields, listOf, member, textOf } from './fields.ts';

/**
 * The command of a probe as kubelet starts it: `$(NAME)` becomes the value that the container's own list of variables
 * gives it, nothing where it is taken from elsewhere; `$$(NAME)` is the text `$(NAME)`, and what is not in the list stays.
 * Hooks are started as they are written.
 */
export function expanded(command: readonly string[], env: unknown): readonly string[] {
  const values = new Map(
    listOf(env).flatMap((one: Fields): [string, string][] => {
      const name = textOf(one.name);
      return name === undefined ? [] : [[name, textOf(member(one, 'value')) ?? '']];
    }),
  );
  // In one pass from the left: what a value brings in is not read again.
  return command.map((text) =>
    text.replace(/\$(?:\$|\(([^)]*)\))/g, (as, name?: string) => {
      if (as === '$$') return '$';
      return values.get(name ?? '') ?? as;
    }),
  );
}
