import type { Command } from 'commander';
import { readClaims } from '../fingerprint/claims.ts';
import { describe } from '../registry/artefact.ts';
import { attach } from '../registry/attach.ts';
import { parseManifest } from '../registry/documents.ts';
import type { Carried } from '../registry/layout.ts';
import { parseReference } from '../registry/reference.ts';
import type { Registries } from '../registry/registries.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { fileName } from './read-file.ts';
import { explained, type RegistryOptions, registryOptions, withRegistries } from './registry-access.ts';
import { writeStatements } from './statement-files.ts';

interface Options extends RegistryOptions {
  readonly registry?: string;
  readonly outDir?: string;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('load')
    .description('publish what whorl save brought beside the mirrored images, or write it to files')
    .argument('<bundle.tar>', 'what whorl save wrote; - for stdin')
    .option('--registry <host/prefix>', 'publish below this; the repository keeps its own path')
    .option('--out-dir <dir>', 'write one file for each statement instead');
  changing(registryOptions(verb))
    .option('--json', 'one JSON object for each')
    .action((path: string, options: Options) => load(io, path, options));
  examples(verb, [
    [
      'whorl load bundle.tar --registry mirror.internal/hub',
      'registry.example/shop/cart becomes mirror.internal/hub/shop/cart',
    ],
    ['whorl load bundle.tar --out-dir fingerprints', 'as plain files'],
  ]);
}

async function load(io: Io, path: string, options: Options): Promise<void> {
  const { registry, outDir } = options;
  if ((registry === undefined) === (outDir === undefined))
    throw new CliError(
      exitCodes.usage,
      'where it goes is not clear',
      'give --registry HOST/PREFIX or --out-dir DIR',
    );
  const { readLayout } = await import('../registry/layout.ts');
  const carried = await explained(() => readLayout(io.readChunks(path)), fileName(path));
  const read = carried.map((item) => ({
    ...item,
    bytes: item.layer,
    claims: about(fileName(path), () => readClaims(item.layer), exitCodes.usage),
  }));
  if (outDir !== undefined) return writeStatements(io, outDir, distinct(read), options);
  await withRegistries(io, options, (registries) =>
    publish(io, registries, read, { ...options, prefix: registry ?? '' }),
  );
}

/** The same statement is carried once for each manifest it is attached to. */
function distinct<T extends { readonly claims: { readonly digest: string } }>(
  items: readonly T[],
): readonly T[] {
  return [...new Map(items.map((item) => [item.claims.digest, item])).values()];
}

async function publish(
  io: Io,
  registries: Registries,
  carried: readonly Carried[],
  options: Options & { readonly prefix: string },
): Promise<void> {
  const targets = carried.map((item) => ({ item, target: targetFor(item, options.prefix) }));
  for (const [i, { item, target }] of targets.entries()) {
    const name = `${target.registry}/${target.repository}`;
    const { subject, artifactType, annotations } = parseManifest(item.manifest, fileName(name));
    if (subject === undefined) continue;
    if (options.dryRun === true) {
      io.err(`would attach beside ${name}@${subject.digest}`);
      continue;
    }
    const described = { ...describe(item.manifest), annotations };
    const descriptor = artifactType === undefined ? described : { ...described, artifactType };
    const artefact = { manifest: item.manifest, layer: item.layer, descriptor };
    const done = await attach(registries.writer(target), artefact, subject.digest, registries.settings);
    if (options.json === true) io.out(JSON.stringify({ image: name, ...done }));
    else io.out(`${name}@${subject.digest} ${done.isRepeated ? 'already has' : 'now has'} ${done.artefact}`);
    if (targets.length > 20 && (i + 1) % 20 === 0) io.err(`${i + 1} of ${targets.length} artefacts`);
  }
  io.err(`${counted(targets.length, 'artefact')} read, none of it verified: whorl pull --trust does`);
}

/** The registry it came from stays behind; the path below it is kept. */
function targetFor({ name }: Carried, prefix: string): { registry: string; repository: string } {
  const { repository } = parseReference(name);
  const target = parseReference(`${prefix.replace(/\/$/, '')}/${repository}`);
  if (target.hasRegistry) return target;
  throw new CliError(exitCodes.usage, '--registry names no registry', 'write it like mirror.internal/hub');
}
