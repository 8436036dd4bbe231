import type { Command } from 'commander';
import { artefactFor } from '../registry/artefact.ts';
import { discover, type Found } from '../registry/discover.ts';
import { parseManifest } from '../registry/documents.ts';
import type { Carried } from '../registry/layout.ts';
import { parseReference } from '../registry/reference.ts';
import type { Registries } from '../registry/registries.ts';
import { findAttached, type ImageAt } from './attached.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { nothingAttached, tellUnseen } from './newest-attached.ts';
import { fileName } from './read-file.ts';
import { type RegistryOptions, registryOptions, withRegistries } from './registry-access.ts';

interface Options extends RegistryOptions {
  readonly out: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('save')
    .description('put everything published beside images into one tar, to carry it over an air gap')
    .argument('<image...>', 'registry.example/shop/cart:1.4 or …@sha256:HEX')
    .requiredOption('--out <bundle.tar>', 'an OCI image layout; the images themselves are not in it');
  registryOptions(verb)
    .option('--json', 'one JSON object')
    .action((images: string[], options: Options) => save(io, images, options));
  examples(verb, [
    [
      'whorl save registry.example/shop/cart:1.4 --out bundle.tar',
      'fingerprints, overlays, approvals of one image',
    ],
    ['whorl save $(cat images.txt) --out bundle.tar', 'of all of them'],
  ]);
}

async function save(io: Io, images: readonly string[], options: Options): Promise<void> {
  await withRegistries(io, options, async (registries) => {
    const carried: Carried[] = [];
    for (const [i, image] of images.entries()) {
      const more = await carriedOf(io, registries, image);
      carried.push(...more);
      if (images.length > 1)
        io.err(`${i + 1} of ${images.length} images, ${counted(carried.length, 'artefact')}`);
    }
    const { packLayout } = await import('../registry/layout.ts');
    const tar = await packLayout(carried);
    await io.writeFile(options.out, tar, { overwrite: true });
    const told = { out: options.out, images: images.length, artefacts: carried.length, bytes: tar.length };
    if (options.json === true) io.out(JSON.stringify(told));
    else
      io.out(
        `${fileName(options.out)} ${counted(carried.length, 'artefact')} of ${counted(images.length, 'image')}, ${tar.length} bytes`,
      );
    io.err(
      'in it: what is published beside the images, unverified; not in it: the images. On the other side: whorl load',
    );
  });
}

async function carriedOf(io: Io, registries: Registries, image: string): Promise<readonly Carried[]> {
  const reference = parseReference(image);
  const source = registries.reader(reference);
  const at = await findAttached(io, source, reference);
  const discovered = await discover(source, at.digests);
  tellUnseen(io, discovered);
  const readable = discovered.found.filter(({ claims }) => !('problem' in claims));
  if (readable.length === 0) throw nothingAttached(at, discovered);
  return readable.flatMap((found) => artefactsOf(found, at).map((part) => ({ name: at.name, ...part })));
}

/** What stands under an `.att` tag alone is given the form in which it can be attached again. */
function artefactsOf({ manifests, bytes, claims, beside }: Found, at: ImageAt): Omit<Carried, 'name'>[] {
  if (manifests.length > 0 || 'problem' in claims)
    return manifests
      .filter((manifest) => isOf(manifest, beside))
      .map((manifest) => ({ manifest, layer: bytes }));
  return at.places
    .filter((place) => beside.includes(place.digest))
    .map((place) => artefactFor(claims, bytes, place))
    .map(({ manifest, layer }) => ({ manifest, layer }));
}

/** Whoever may write a list may name what belongs elsewhere; on the other side it could not be attached here. */
function isOf(manifest: Uint8Array, beside: readonly string[]): boolean {
  const { subject } = parseManifest(manifest, 'the registry');
  return subject !== undefined && beside.includes(subject.digest);
}
