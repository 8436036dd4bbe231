import type { PodContainer } from './pod-containers.ts';
import { type PodFacts, podFacts } from './pod-facts.ts';

/** What a container runtime and the cgroup path say of a container: whose facts are asked for. */
export interface PodQuestion {
  readonly containerId: string;
  /** Of the pod, as kubelet told its runtime. */
  readonly uid: string | undefined;
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  /** Undefined where no runtime said what the container is called. */
  readonly container: string | undefined;
}

export interface InPod {
  readonly pod: PodFacts;
  readonly container: PodContainer;
}

/** kubelet runs 110 pods unless told otherwise, and never more than 500; eight times the usual, some 2 kB each. */
const maxPods = 1_024;
/** A pod's containers outlive it by seconds; as many as a node drained at once. */
const maxGone = 128;

/** What a runtime calls the container that only holds a pod's namespaces: no name that Kubernetes gives. */
const sandboxName = 'POD';
const sandbox: PodContainer = {
  name: sandboxName,
  role: 'main',
  image: undefined,
  probes: [],
  running: undefined,
};

/**
 * The pods of one node, kept up to date by lists and changes. Changes may come twice and late: only a newer version of a
 * pod takes an older one's place, and who was deleted does not come back. A pod's owner is who it was at first sight: a
 * label changed on a running pod (to take it out of service, or to slip out of its fingerprint) does not make it another.
 */
export class PodBook {
  readonly #node: string;
  readonly #pods = new Map<string, PodFacts>();
  /** No longer there, oldest first. `deleted`: the API said so; else a list was without it, which may have been an old one. */
  readonly #gone = new Map<string, { readonly pod: PodFacts; readonly deleted: boolean }>();
  /** Seen since a list began. */
  #listed: Set<string> | undefined;
  readonly counts = { malformed: 0, ofOtherNodes: 0, refused: 0 };

  /** @param node its name in the API: what a server tells of others is none of ours. */
  constructor(node: string) {
    this.#node = node;
  }

  get size(): number {
    return this.#pods.size;
  }

  /** A list of all pods begins; it comes in pages. */
  begin(): void {
    this.#listed = new Set();
  }

  page(pods: readonly unknown[]): void {
    for (const pod of pods) {
      const uid = this.set(pod);
      if (uid !== undefined) this.#listed?.add(uid);
    }
  }

  /** The list is whole: who was not in it is gone. */
  complete(): void {
    const listed = this.#listed;
    this.#listed = undefined;
    if (listed === undefined) return;
    for (const [uid, pod] of this.#pods) if (!listed.has(uid)) this.#bury(pod, false);
  }

  /** @returns the uid of the pod when it is one of ours. */
  set(pod: unknown): string | undefined {
    const facts = podFacts(pod);
    if (facts === undefined) this.counts.malformed += 1;
    else if (facts.node !== this.#node) this.counts.ofOtherNodes += 1;
    else if (this.#gone.get(facts.uid)?.deleted !== true) return this.#take(facts);
    return undefined;
  }

  remove(pod: unknown): void {
    const facts = podFacts(pod);
    if (facts === undefined) this.counts.malformed += 1;
    else if (facts.node === this.#node) this.#bury(this.#known(facts.uid) ?? facts, true);
  }

  /** @returns undefined also while its pod is known but not yet which of its containers it is. */
  find(question: PodQuestion): InPod | undefined {
    const pod = this.#podOf(question);
    if (pod === undefined) return undefined;
    if (question.container === sandboxName) return { pod, container: sandbox };
    const container =
      question.container === undefined
        ? [...pod.containers.values()].find(({ running }) => running?.id === question.containerId)
        : pod.containers.get(question.container);
    return container === undefined ? undefined : { pod, container };
  }

  #take(facts: PodFacts): string | undefined {
    const before = this.#known(facts.uid);
    const newer = before === undefined || !isOlder(facts, before) ? facts : before;
    const pod = { ...newer, owner: before?.owner ?? facts.owner };
    // kubelet lets no more in than it runs, but any number that it did not let in stays: those must not take the room.
    if (pod.isOver) {
      this.#bury(pod, false);
      return undefined;
    }
    if (!this.#pods.has(facts.uid) && this.#pods.size >= maxPods) {
      this.counts.refused += 1;
      return undefined;
    }
    this.#pods.set(facts.uid, pod);
    this.#gone.delete(facts.uid);
    return facts.uid;
  }

  #known(uid: string): PodFacts | undefined {
    return this.#pods.get(uid) ?? this.#gone.get(uid)?.pod;
  }

  #bury(pod: PodFacts, deleted: boolean): void {
    this.#pods.delete(pod.uid);
    this.#gone.delete(pod.uid);
    this.#gone.set(pod.uid, { pod, deleted });
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > maxGone && oldest !== undefined) this.#gone.delete(oldest);
  }

  /**
   * By uid where there is one: a name may be another pod's by now. What else the runtime said of it must agree; and the
   * uid of a file, which whoever makes a pod may write into it, counts only together with the name.
   */
  #podOf({ uid, namespace, pod: name }: PodQuestion): PodFacts | undefined {
    const isNamed = namespace !== undefined && name !== undefined;
    const agrees = (pod: PodFacts): boolean =>
      (namespace === undefined || pod.namespace === namespace) && (name === undefined || pod.name === name);
    const byUid = uid === undefined ? undefined : this.#known(uid);
    if (byUid !== undefined) return agrees(byUid) ? byUid : undefined;
    if (!isNamed) return undefined;
    const isIt = (pod: PodFacts): boolean => agrees(pod) && (uid === undefined || isFileUid(pod, uid));
    return (
      [...this.#pods.values()].find(isIt) ?? [...this.#gone.values()].findLast(({ pod }) => isIt(pod))?.pod
    );
  }
}

/** Without their hyphens: kubelet writes a hash there, cgroup paths show it in several spellings. */
function isFileUid({ fileUid }: PodFacts, uid: string): boolean {
  return fileUid !== undefined && fileUid.replaceAll('-', '') === uid.replaceAll('-', '');
}

/** Versions of one object; where they are no numbers, the later word counts. */
function isOlder(a: PodFacts, b: PodFacts): boolean {
  const [one, other] = [numberOf(a.version), numberOf(b.version)];
  return one !== undefined && other !== undefined && one < other;
}

function numberOf(version: string | undefined): bigint | undefined {
  return version !== undefined && /^\d{1,20}$/.test(version) ? BigInt(version) : undefined;
}
