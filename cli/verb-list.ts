import type { Command } from 'commander';
import type { Claims } from '../fingerprint/claims.ts';
import { printable } from '../fingerprint/printable.ts';
import { type Discovered, discover, type Found } from '../registry/discover.ts';
import { parseReference } from '../registry/reference.ts';
import { findAttached, type ImageAt } from './attached.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { tellUnseen } from './newest-attached.ts';
import { type RegistryOptions, registryOptions, withRegistries } from './registry-access.ts';

interface Options extends RegistryOptions {
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('list')
    .description(
      'what is published beside an image: fingerprints, overlays, approvals; nothing of it is verified',
    )
    .argument('<image>', 'registry.example/shop/cart:1.4 or …@sha256:HEX');
  registryOptions(verb)
    .option('--json', 'one JSON object for each')
    .action((image: string, options: Options) => list(io, image, options));
  examples(verb, [
    ['whorl list registry.example/shop/cart:1.4', 'is there a fingerprint for it?'],
    ['whorl list registry.example/shop/cart:1.4 --json', 'for a script'],
  ]);
}

async function list(io: Io, image: string, options: Options): Promise<void> {
  await withRegistries(io, options, async (registries) => {
    const reference = parseReference(image);
    const source = registries.reader(reference);
    const at = await findAttached(io, source, reference);
    const discovered = await discover(source, at.digests);
    tellUnseen(io, discovered);
    if (options.json === true) for (const found of discovered.found) io.out(JSON.stringify(told(found)));
    else print(io, at, discovered);
  });
}

/** Members and their order are a contract with scripts (docs/operations.md). */
function told({ claims, bytes, layer, beside }: Found): object {
  const where = { layer, bytes: bytes.length, beside, verified: false };
  if ('problem' in claims) return { readable: false, problem: claims.problem, ...where };
  const { stream, version, issuedAt, expiresAt } = claims.options;
  const { kind, digest, keyIds: signers } = claims;
  return { readable: true, kind, digest, stream, version, issuedAt, expiresAt, signers, ...where };
}

function print(io: Io, { name, digests }: ImageAt, { found, others }: Discovered): void {
  for (const item of found) io.out(lineFor(item));
  const beside = others === 0 ? '' : `, and ${counted(others, 'thing')} of other kinds`;
  io.err(
    `${counted(found.length, 'statement')} beside ${name}@${digests[0] ?? ''}${beside}; none of it is verified here`,
  );
}

function lineFor({ claims, bytes, layer }: Found): string {
  const size = `${bytes.length} bytes`;
  if ('problem' in claims) return `cannot be read (${claims.problem})  ${size}  ${layer}`;
  const { stream, version, issuedAt } = claims.options;
  const kind = words[claims.kind];
  return `${kind}  version ${version} of ${printable(stream, 200)}  issued ${issuedAt}  ${signersText(claims)}  ${size}  ${claims.digest}`;
}

const words: Readonly<Record<Claims['kind'], string>> = {
  base: 'fingerprint',
  overlay: 'overlay',
  approval: 'approval',
};

/** What the envelope says of its keys, which proves nothing. */
function signersText({ keyIds }: Claims): string {
  const names = keyIds.map((id) =>
    id === '' ? 'a key it does not name' : `key ${printable(id.slice(0, 12))}…`,
  );
  return `says ${names.join(' and ')} signed it`;
}
