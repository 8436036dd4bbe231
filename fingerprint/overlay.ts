import type { Bindings, BoundPeer } from './bindings.ts';
import { directoryProblem, directoryRefusal, peerSpelling } from './bound-value.ts';
import { type CriticalFeature, hasPatterns } from './critical-features.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { BehaviourSet, Scope } from './fingerprint.ts';
import { parseAdded, parseTakenBack } from './overlay-behaviour.ts';
import { digestIn, hexOf } from './statement-digest.ts';
import { frameBytes, readFrame } from './statement-frame.ts';
import type { StatementOptions } from './statement-options.ts';
import type { Subject } from './workload.ts';
import { parseScope } from './workload-json.ts';

/** What a site says of one fingerprint: what its parameters stand for here, what is granted besides, and what no more. */
export interface OverlayContent {
  readonly subject: Subject;
  /** `sha256:HEX` of the payload of the fingerprint it belongs to. */
  readonly base: string;
  /** Only for copies of this workload; absent: wherever the fingerprint judges. */
  readonly scope?: Scope;
  readonly bindings: Bindings;
  /** Granted besides, as observed here; in the form of a fingerprint's behaviour. */
  readonly add?: BehaviourSet;
  /** Granted no more, in the form of tombstones: a program without entries stands for all of it. */
  readonly remove?: BehaviourSet;
  /** Why, in the words of who signed. */
  readonly reason?: string;
}

export interface Overlay extends OverlayContent, StatementOptions {}

/** An overlay that was read, with the digests of everything it is about. Whether it may be believed is not its business. */
export interface OverlayStatement {
  readonly overlay: Overlay;
  readonly digests: readonly string[];
}

/** A parameter of each kind for every second entry of the largest fingerprint helps nobody. */
const maxParameters = 256;
const maxPeers = 64;
const maxDirectories = 16;
const nameForm = /^[a-z0-9-]{1,40}$/;

/** The payload to sign. */
export function overlayBytes(content: OverlayContent, options: StatementOptions): Uint8Array {
  const { subject, base, scope, bindings, add, remove, reason } = content;
  const document = {
    base: { sha256: hexOf(base) },
    ...(scope === undefined ? {} : { scope }),
    ...(reason === undefined ? {} : { reason }),
    bindings: {
      sites: Object.fromEntries(bindings.sites),
      volumes: Object.fromEntries(bindings.volumes),
    },
    ...(add === undefined ? {} : { add }),
    ...(remove === undefined ? {} : { remove }),
  };
  return frameBytes('overlay', subject, options, document, featuresOf(content));
}

/** A reader that overlooks one of these judges by something else than was signed. */
function featuresOf({ add, remove }: OverlayContent): CriticalFeature[] {
  const sets = [add, remove].flatMap((set) => set ?? []);
  return [
    ...(add === undefined ? [] : (['add'] as const)),
    ...(sets.some(hasPatterns) ? (['patterns'] as const) : []),
    ...(remove === undefined ? [] : (['remove'] as const)),
  ];
}

/**
 * Steps 10 to 13 of verification for an overlay. Strict inside `scope`, `bindings`, `add` and `remove`: a member nobody
 * knows may be meant to narrow.
 * @throws OVERLAY_FORBIDDEN for a directory that nothing may be bound to, and for a grant that may not have an end,
 *   besides the codes of every statement
 */
export function parseOverlay(payload: Uint8Array): OverlayStatement {
  const { kind, predicate, subject, digests, options } = readFrame(payload);
  if (kind !== 'overlay')
    predicate.fail('kind', 'is a whole fingerprint, not an overlay: `whorl bind` writes one');
  const reason = predicate.optionalText('reason');
  const overlay: Overlay = {
    subject,
    base: digestIn(predicate.object('base')),
    ...(predicate.has('scope') ? { scope: parseScope(predicate.raw('scope'), predicate.at('scope')) } : {}),
    ...(reason === undefined ? {} : { reason }),
    bindings: bindingsOf(predicate.object('bindings')),
    ...(predicate.has('add') ? { add: parseAdded(predicate.raw('add'), predicate.at('add'), options) } : {}),
    ...(predicate.has('remove')
      ? { remove: parseTakenBack(predicate.raw('remove'), predicate.at('remove')) }
      : {}),
    ...options,
  };
  return { overlay, digests };
}

function bindingsOf(fields: Fields): Bindings {
  fields.only('sites', 'volumes');
  return {
    sites: parametersOf(fields, 'sites', maxPeers, boundPeer),
    volumes: parametersOf(fields, 'volumes', maxDirectories, boundDirectory),
  };
}

type ReadValue<T> = (value: unknown, field: string) => T;

function parametersOf<T>(
  fields: Fields,
  kind: string,
  max: number,
  read: ReadValue<T>,
): Map<string, readonly T[]> {
  const parameters = fields.object(kind);
  const names = parameters.names();
  if (names.length > maxParameters) fields.fail(kind, `must bind at most ${maxParameters} parameters`);
  return new Map(
    names.map((name) => {
      if (!nameForm.test(name)) parameters.fail(name, 'must be a lower-case word: letters, digits and -');
      const values = parameters.list(name, max);
      if (values.length === 0) parameters.fail(name, 'must stand for at least one value');
      return [name, values.map((value, i) => read(value, `${parameters.at(name)}[${i}]`))];
    }),
  );
}

function boundPeer(value: unknown, field: string): BoundPeer {
  const fields = new Fields(value, field, 'SCHEMA');
  fields.only('peer', 'port');
  const peer = fields.text('peer');
  const spelling = peerSpelling(peer);
  if (spelling === undefined) return fields.fail('peer', 'must be a host name, an address or a workload');
  if (spelling !== peer) return fields.fail('peer', `must be written ${spelling}`);
  if (!fields.has('port')) return { peer };
  const port = fields.integer('port', 1);
  return port <= 65_535 ? { peer, port } : fields.fail('port', 'must be at most 65535');
}

function boundDirectory(value: unknown, field: string): string {
  const directory = new Fields({ directory: value }, '', 'SCHEMA').text('directory');
  const problem = directoryProblem(directory);
  if (problem !== undefined) throw new FingerprintError('SCHEMA', problem, { field });
  const refusal = directoryRefusal(directory);
  if (refusal === undefined) return directory;
  throw new FingerprintError('OVERLAY_FORBIDDEN', `${refusal}; nothing may be bound to it`, { field });
}
