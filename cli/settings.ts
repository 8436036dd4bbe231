import type { Command } from 'commander';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** A configuration of 25 keys, generously. */
const maxBytes = 1 << 20;

export interface SettingOptions {
  readonly config?: string;
  readonly dataDir?: string;
  readonly set: readonly string[];
  readonly withParent?: boolean;
}

/** The options of both daemons. Every key of their configuration can be set; docs/operations.md lists them. */
export function settingOptions(command: Command): Command {
  return command
    .option('--config <file.json>', 'configuration, keys as in docs/operations.md')
    .option('--data-dir <dir>', 'where everything is kept (or WHORL_DATA_DIR)')
    .option('--set <key=value>', 'one key of the configuration; may be repeated', collect, [])
    .option('--with-parent', 'end when stdin is closed');
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

/** File and flags, not yet checked against the known keys. */
export async function readSettings(
  io: Io,
  options: SettingOptions,
): Promise<{ file: unknown; flags: Record<string, unknown> }> {
  const { config } = options;
  const file = config === undefined ? {} : await readConfig(io, config);
  const named = options.dataDir ?? io.env.WHORL_DATA_DIR;
  const flags: Record<string, unknown> = named === undefined || named === '' ? {} : { dataDir: named };
  for (const setting of options.set) {
    const at = setting.indexOf('=');
    if (at < 1)
      throw new CliError(exitCodes.usage, '--set must be KEY=VALUE', 'for example --set logLevel=warn');
    flags[setting.slice(0, at)] = settingValue(setting.slice(at + 1));
  }
  return { file, flags };
}

async function readConfig(io: Io, path: string): Promise<unknown> {
  const bytes = await io.readFile(path, { maxBytes });
  return about(fileName(path), () => parseJson(bytes));
}

/** JSON where it is JSON (numbers, lists, true), else the text itself, so that a path needs no quotes. */
function settingValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** All problems of a configuration at once, as one sentence. */
export function configProblem(problems: readonly string[], options: SettingOptions): CliError {
  const where = options.config === undefined ? 'the configuration' : fileName(options.config);
  return new CliError(exitCodes.usage, `${where}: ${problems.join('; ')}`);
}
