import { CliError, exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { fileName } from '../read-file.ts';
import { readSbomFile } from '../sbom-file.ts';
import type { Target } from './target.ts';

/**
 * Which SBOM belongs to which image: `NAME=FILE` by the name of its file in the directory, a plain FILE to the only one.
 * Each is read before the tests run, not after. @throws CliError
 */
export async function sbomsOf(
  io: Io,
  texts: readonly string[],
  targets: readonly Target[],
): Promise<ReadonlyMap<Target, string>> {
  const found = new Map<Target, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const target = at < 0 ? onlyOne(text, targets) : named(text.slice(0, at), targets);
    const file = text.slice(at + 1);
    await readSbomFile(io, file);
    found.set(target, file);
  }
  return found;
}

function onlyOne(text: string, targets: readonly Target[]): Target {
  const [target, another] = targets;
  if (target !== undefined && another === undefined) return target;
  throw new CliError(
    exitCodes.usage,
    `--sbom ${fileName(text)} does not say of which image it is`,
    `write NAME=FILE, NAME one of ${targets.map((t) => t.file).join(', ')}`,
  );
}

function named(name: string, targets: readonly Target[]): Target {
  const target = targets.find((t) => t.file === name);
  if (target !== undefined) return target;
  throw new CliError(
    exitCodes.usage,
    `--sbom names ${fileName(name)}, which is not recorded`,
    `NAME is one of ${targets.map((t) => t.file).join(', ')}`,
  );
}
