import type { Claims } from '../fingerprint/claims.ts';
import { quoted } from '../fingerprint/phrase.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import type { Discovered } from '../registry/discover.ts';
import { platformText } from '../registry/documents.ts';
import { RegistryError } from '../registry/errors.ts';
import type { ImageAt } from './attached.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';

/** A fingerprint that is attached to the image, and says that it may be judged by. */
export interface Candidate {
  readonly bytes: Uint8Array;
  readonly claims: Claims;
}

/** Whole fingerprints of that stream and platform: the highest version first, and of one the envelope most have signed. */
export function candidatesOf(
  { found }: Discovered,
  { stream, platform }: { readonly stream?: string | undefined; readonly platform?: Platform | undefined },
): readonly Candidate[] {
  return found
    .flatMap(({ bytes, claims }) => ('problem' in claims ? [] : [{ bytes, claims }]))
    .filter(
      ({ claims }) => claims.kind === 'base' && (stream === undefined || claims.options.stream === stream),
    )
    .filter(({ claims }) => fits(claims.platform, platform))
    .toSorted(
      ({ claims: a }, { claims: b }) =>
        b.options.version - a.options.version || b.keyIds.length - a.keyIds.length,
    );
}

function fits(said: Platform | undefined, wanted: Platform | undefined): boolean {
  return said === undefined || wanted === undefined || platformText(said) === platformText(wanted);
}

/** Versions count within one stream; two documents with one version are for people to sort out. @throws CliError */
export function oneStream([newest, ...rest]: readonly Candidate[]): Candidate {
  if (newest === undefined) throw new CliError(exitCodes.internal, 'nothing to choose from');
  const { stream, version } = newest.claims.options;
  const streams = [...new Set([stream, ...rest.map((c) => c.claims.options.stream)])];
  if (streams.length > 1) {
    throw new CliError(
      exitCodes.usage,
      `there are ${streams.length} streams beside this image: ${streams
        .slice(0, 6)
        .map((s) => quoted(s))
        .join(', ')}`,
      'choose one with --stream',
    );
  }
  const rival = rest.find(
    (c) => c.claims.options.version === version && c.claims.digest !== newest.claims.digest,
  );
  if (rival === undefined) return newest;
  throw new CliError(
    exitCodes.trust,
    `there are two different versions ${version} of ${quoted(stream)} (EQUIVOCATION)`,
    'ask the signer which one is theirs; whorl pull --all fetches both',
  );
}

/** Of the broken things so many are named. */
const maxTold = 3;

/** What was not looked at may be newer, or the one that is wanted: nobody may take its absence for an answer. */
export function tellUnseen(io: Io, { broken, isCut }: Discovered): void {
  for (const sentence of broken.slice(0, maxTold)) io.err(`passed over: ${printable(sentence, 300)}`);
  if (broken.length > maxTold) io.err(`passed over: ${broken.length - maxTold} more that are broken`);
  if (isCut) io.err('there is more than is looked at; remove old ones from the registry');
}

export function nothingAttached(
  { name, digest }: ImageAt,
  { found, others, broken }: Discovered,
): RegistryError {
  const unreadable = found.filter(({ claims }) => 'problem' in claims).length;
  const besides = [
    ...(found.length > unreadable ? [`${found.length - unreadable} other statements`] : []),
    ...(unreadable > 0 ? [`${unreadable} that cannot be read`] : []),
    ...(broken.length > 0 ? [`${broken.length} that are broken`] : []),
    ...(others > 0 ? [`${others} things of other kinds`] : []),
  ];
  const but = besides.length === 0 ? '' : ` (there are ${besides.join(', ')})`;
  return new RegistryError(
    'NOTHING_ATTACHED',
    `no such fingerprint is published beside ${name}@${digest}${but}`,
    {
      hint: 'that none is found revokes nothing: what agents have verified stays in force',
    },
  );
}
