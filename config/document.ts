import type { Key } from './keys.ts';

/** What is wrong with a configuration: every problem, each a sentence naming the key and what it may be. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Keys = Readonly<Record<string, Key<unknown>>>;
type Value<K> = K extends Key<infer T> ? T : never;
export type ConfigOf<K extends Keys> = { readonly [N in keyof K]: Value<K[N]> };

export interface ReadConfig<K extends Keys> {
  readonly config: ConfigOf<K>;
  /** Keys that were said, not left at what they are at first. */
  readonly given: ReadonlySet<string>;
}

/**
 * One configuration from a parsed file and flags; flags win. Flags are spelled as the keys (`dataDir`).
 *
 * @param contradictions what is wrong between keys each of which is right; asked only then
 * @throws ConfigError with all problems at once
 */
export function readConfig<K extends Keys>(
  keys: K,
  file: unknown,
  flags: Readonly<Record<string, unknown>>,
  contradictions: (read: ReadConfig<K>) => readonly string[],
): ConfigOf<K> {
  if (!isObject(file)) throw new ConfigError(['the configuration must be a JSON object of keys and values']);
  const said: Record<string, unknown> = { ...file };
  for (const [name, value] of Object.entries(flags)) if (value !== undefined) said[name] = value;
  const problems = Object.keys(said)
    .filter((name) => !Object.hasOwn(keys, name))
    .map((name) => unknownKey(name, Object.keys(keys)));
  const entries = Object.entries(keys).map(([name, key]) => {
    if (!Object.hasOwn(said, name)) return [name, key.initial];
    const value = key.read(said[name]);
    if (value === undefined) problems.push(`${name} must be ${key.range}`);
    return [name, value];
  });
  // Each value was read by the key of its own name, or is in `problems`.
  const config = Object.fromEntries(entries) as ConfigOf<K>;
  if (problems.length === 0) problems.push(...contradictions({ config, given: new Set(Object.keys(said)) }));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** The page of a configuration for docs/operations.md, in Markdown. */
export function describeKeys(keys: Keys): string {
  const rows = Object.entries(keys).map(
    ([name, key]) => `| \`${name}\` | \`${JSON.stringify(key.initial)}\` | ${key.range} | ${key.doc} |`,
  );
  return ['| Key | Default | May be | Meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** Cut and quoted: the name comes from a file that may be hostile. */
function unknownKey(name: string, known: readonly string[]): string {
  const meant = known.find((k) => k.toLowerCase() === name.toLowerCase().replaceAll(/[-_]/g, ''));
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
  return `${JSON.stringify(name.slice(0, 64))} is no key of this configuration; ${hint}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
