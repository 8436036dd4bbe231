import type { Substitutions } from '../../fingerprint/generalise.ts';
import type { Approval } from '../../fingerprint/incident.ts';
import type { FingerprintIndex } from '../../fingerprint/index-behaviour.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import type { Instance, Workload } from '../../fingerprint/workload.ts';
import type { PeerDirectory } from './address-book.ts';
import type { AttributedAct } from './attributed.ts';
import { Dictionary } from './dictionary.ts';
import type { InstanceRecord } from './instances.ts';
import { KnownActs } from './known-acts.ts';
import { PeerNames } from './peers.ts';
import { PlacedNames } from './placed-names.ts';
import { Placement } from './placement.ts';
import { ScriptNames } from './script-names.ts';
import { SensitiveNames } from './sensitive-names.ts';
import { Shown } from './shown.ts';
import { UnlearnedStart } from './unlearned-start.ts';

/** Seldom more than a few; a copy that floods with drift is told of again. */
const maxDrifted = 8_192;

/** What judges a workload, and in whose name. */
export interface InForce {
  readonly index: FingerprintIndex;
  readonly approval: Approval;
  /** Entries that were signed and grant nothing until the site approves them; absent: none. */
  readonly inert?: number;
  /** Codes of what holds its mode down. */
  readonly warnings?: readonly string[];
  /** Phases of life that it judges; absent: both. What happens in another is learned. */
  readonly phases?: readonly Phase[];
}

/** A fingerprint that this node had and that is refused now; nothing else that a person signed judges the workload. */
export interface Untrusted {
  /** Why it is refused: of fingerprint/errors.ts, or NO_TRUST. */
  readonly code: string;
  /** `sha256:HEX` of its payload. */
  readonly fingerprint: string;
  /** Under which it is kept here. */
  readonly file: string;
}

/** What holds beside what judges. */
export interface Besides {
  /** How far a reaction to what is never normal may go while nothing judges. */
  readonly carried?: Approval | undefined;
  /** Why nothing is learned either. */
  readonly untrusted?: Untrusted | undefined;
}

/**
 * One workload on this node: learned while nothing is in force, judged as soon as something is; and while what was signed
 * for it is refused neither learned nor, but by what a collector had learned, judged.
 */
export class WatchedWorkload {
  readonly workload: Workload;
  readonly dictionary = new Dictionary();
  readonly instances = new Map<string, WatchedInstance>();
  inForce: InForce | undefined;
  /** What an approval of an earlier digest says here while nothing is in force. */
  carried: Approval | undefined;
  untrusted: Untrusted | undefined;

  constructor(workload: Workload) {
    this.workload = workload;
  }

  /** Where what was signed is refused nothing is stopped, whatever was decided about an earlier digest. */
  get approval(): Approval | undefined {
    if (this.untrusted === undefined) return this.inForce?.approval ?? this.carried;
    if (this.inForce === undefined) return undefined;
    const { neverLearnableMode: _carried, ...alerting } = this.inForce.approval;
    return alerting;
  }
}

/** One copy of it: its own names (for generalising and peers) and what it has shown. */
export class WatchedInstance {
  readonly record: InstanceRecord;
  readonly instance: Instance;
  readonly peers: PeerNames;
  readonly known = new KnownActs();
  /** What drifted and was told, so that a sweep which finds it again tells nothing new. */
  readonly drifted = new KnownActs(maxDrifted);
  readonly placement = new Placement();
  readonly sensitiveNames = new SensitiveNames();
  readonly scriptNames = new ScriptNames();
  readonly placedNames = new PlacedNames();
  readonly shown: Shown;
  readonly unlearnedStart = new UnlearnedStart();
  events = 0;
  lost = 0;
  readonly #names: Substitutions;
  /** Of the act that is being looked at: a name of an address holds for a time, and for who asked. */
  #moment: Pick<AttributedAct, 'actor' | 'event'> | undefined;

  constructor(record: InstanceRecord, node: string, directory?: PeerDirectory) {
    const { container, owner, surroundings } = record;
    const pod = container?.pod;
    const podUid = owner.kind === 'container' ? owner.podUid : undefined;
    this.record = record;
    this.instance = {
      id: record.id,
      node,
      startedAt: record.startedAt,
      ...(pod === undefined ? {} : { pod }),
    };
    this.peers = new PeerNames({
      surroundings: () => record.surroundings,
      ...(directory === undefined ? {} : { directory }),
    });
    const hostname = surroundings?.hostname ?? pod;
    this.#names = {
      node,
      // A short id (`ctr run … c1`) would also stand in words that are nobody's name.
      ...(record.id.length >= 12 && !record.id.includes('/') ? { container: record.id } : {}),
      ...(pod === undefined ? {} : { pod }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(podUid === undefined ? {} : { uid: podUid }),
      ...(container?.namespace === undefined ? {} : { namespace: container.namespace }),
      ...(surroundings === undefined ? {} : { addresses: surroundings.addresses }),
      peers: (address) => this.#nameInText(address),
    };
    this.shown = new Shown(record.state === 'found' ? 'steady' : 'start', record.startedAt);
  }

  /** What this copy and its peers are called at the time of the act, by who did it. */
  namesFor(act: Pick<AttributedAct, 'actor' | 'event'>): Substitutions {
    this.#moment = act;
    return this.#names;
  }

  #nameInText(address: string): string | undefined {
    const at = this.#moment;
    return at === undefined ? undefined : this.peers.nameInText(address, at.event.time, at.actor);
  }
}
