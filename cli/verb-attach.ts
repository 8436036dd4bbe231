import type { Command } from 'commander';
import { type Claims, readClaims } from '../fingerprint/claims.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import { printable } from '../fingerprint/printable.ts';
import { assertNoSecrets } from '../fingerprint/sign.ts';
import { artefactFor } from '../registry/artefact.ts';
import { type Attached, attach } from '../registry/attach.ts';
import type { Descriptor } from '../registry/documents.ts';
import { type KnownImage, lookUpImage, manifestsNamed } from '../registry/image.ts';
import { nameOf, parseReference } from '../registry/reference.ts';
import type { Registries } from '../registry/registries.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { fileName } from './read-file.ts';
import { imageText, type RegistryOptions, registryOptions, withRegistries } from './registry-access.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its own code. */
const maxBytes = 32 << 20;

interface Options extends RegistryOptions {
  readonly allowSecret: readonly string[];
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('attach')
    .description('publish a signed fingerprint, overlay or approval beside its image in the registry')
    .argument('<f>', 'signed envelope or Sigstore bundle')
    .argument('[image]', 'where: a tag, or the image as this site calls it (default: what it was signed for)')
    .option('--allow-secret <id>', 'publish although the scanner found this; may be repeated', collect, []);
  changing(registryOptions(verb))
    .option('--json', 'one JSON object')
    .action((path: string, image: string | undefined, options: Options) => run(io, path, image, options));
  examples(verb, [
    ['whorl attach cart.intoto.json', 'beside the image it was signed for'],
    [
      'whorl attach cart.intoto.json registry.example/shop/cart:1.4',
      'beside the index behind a tag, and its platforms',
    ],
    ['whorl attach cart.intoto.json --dry-run', 'where would it go?'],
  ]);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function run(io: Io, path: string, image: string | undefined, options: Options): Promise<void> {
  const bytes = await io.readFile(path, { maxBytes });
  const claims = about(fileName(path), () => readClaims(bytes));
  about(fileName(path), () => assertNoSecrets(claims.content, options.allowSecret));
  await withRegistries(io, options, async (registries) => {
    const target = image ?? defaultImage(claims);
    const reference = parseReference(target);
    const known = await lookUpImage(registries.own(reference), reference);
    const places = placesFor(claims, known);
    const resolved = imageText(reference, known.digest);
    if (target !== resolved) io.err(`${printable(target, 300)} is ${resolved}`);
    if (options.dryRun === true) {
      for (const { digest } of places) io.err(`would attach beside ${imageText(reference, digest)}`);
      return;
    }
    const done = await attachAll(registries, { claims, bytes, places, reference });
    tell(io, { claims, done, name: nameOf(reference), options });
  });
}

function defaultImage({ subjects }: Claims): string {
  const [first] = subjects;
  const names = new Set(subjects.map((s) => s.name));
  if (first !== undefined && names.size === 1) {
    const text = formatImageRef(first);
    if (parseReference(text).hasRegistry) return text;
    throw new CliError(
      exitCodes.usage,
      `it was signed for ${printable(first.name, 200)}, which names no registry`,
      'say where: whorl attach F registry.example/NAME:TAG',
    );
  }
  throw new CliError(
    exitCodes.usage,
    names.size === 0 ? 'it is about no image' : `it is about ${names.size} images`,
    'name the one to attach it to: whorl attach F IMAGE',
  );
}

/** The manifests it is about, and the index that holds them: whoever asks by tag begins there. */
function placesFor({ subjects }: Claims, image: KnownImage): readonly Descriptor[] {
  const digests = subjects.map((s) => s.digest);
  const manifests = manifestsNamed(image, digests).map((m) => m.descriptor);
  const { index } = image;
  const isIndexMeant = index !== undefined && (digests.includes(index.digest) || manifests.length > 0);
  const places = [...(isIndexMeant ? [index] : []), ...manifests];
  if (places.length > 0) return places;
  throw new CliError(
    exitCodes.usage,
    `it is about ${digests.slice(0, 3).join(', ') || 'no image'}, and ${image.name}@${image.digest} is none of these (DIGEST_MISMATCH)`,
    'attach it to the image it was signed for, or sign again with whorl sign --image',
  );
}

async function attachAll(
  registries: Registries,
  given: {
    readonly claims: Claims;
    readonly bytes: Uint8Array;
    readonly places: readonly Descriptor[];
    readonly reference: ReturnType<typeof parseReference>;
  },
): Promise<readonly Attached[]> {
  const repository = registries.writer(given.reference);
  // One after the other for the login, which the first finds; the rest each write a list of their own.
  const [first, ...rest] = given.places.map((place) => () => {
    const artefact = artefactFor(given.claims, given.bytes, place);
    return attach(repository, artefact, place.digest, registries.settings);
  });
  const begun = first === undefined ? [] : [await first()];
  return [...begun, ...(await Promise.all(rest.map((start) => start())))];
}

function tell(
  io: Io,
  told: {
    readonly claims: Claims;
    readonly done: readonly Attached[];
    readonly name: string;
    readonly options: Options;
  },
): void {
  const { claims, done, name, options } = told;
  if (options.json === true) {
    const why = options.reason === undefined ? {} : { reason: options.reason };
    io.out(JSON.stringify({ image: name, digest: claims.digest, attached: done, ...why }));
    return;
  }
  for (const { subject, artefact, isRepeated } of done)
    io.out(`${name}@${subject} ${isRepeated ? 'already has' : 'now has'} ${artefact}`);
  const contended = done.some((d) => d.writes > 1);
  if (contended)
    io.err(
      `others published at the same time; the list was written ${counted(Math.max(...done.map((d) => d.writes)), 'time')}`,
    );
}
