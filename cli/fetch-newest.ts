import { printable } from '../fingerprint/printable.ts';
import { discover } from '../registry/discover.ts';
import { parseReference } from '../registry/reference.ts';
import { findAttached, platformHere } from './attached.ts';
import type { Io } from './io.ts';
import { candidatesOf, nothingAttached, oneStream, tellUnseen } from './newest-attached.ts';
import { withRegistries } from './registry-access.ts';

/** The newest fingerprint beside an image, to look at and not to believe: which one it is, is its own word. */
export async function fetchNewest(io: Io, image: string): Promise<Uint8Array> {
  return withRegistries(io, {}, async (registries) => {
    const reference = parseReference(image);
    const source = registries.reader(reference);
    const at = await findAttached(io, source, reference, (known) => platformHere(io, known));
    const discovered = await discover(source, at.digests);
    tellUnseen(io, discovered);
    const candidates = candidatesOf(discovered, { platform: at.platform });
    if (candidates.length === 0) throw nothingAttached(at, discovered);
    const { bytes, claims } = oneStream(candidates);
    const { version, stream } = claims.options;
    io.err(
      `looking at version ${version} of ${printable(stream, 200)}, which nobody verified; whorl pull --trust does`,
    );
    return bytes;
  });
}
