import { isNeverLearnable } from '../../fingerprint/approved-mode.ts';
import type { Incident } from '../../fingerprint/incident.ts';

/** Drift keys that are remembered. A flood pushes out the oldest: then a rollout is taken for an attack, and the budgets hold. */
const maxKeys = 10_000;
/** Nodes that are told apart per key: two are all that is asked for. */
const maxNodes = 2;

interface Seen {
  readonly nodes: Map<string, number>;
}

/** On which nodes each drift was seen lately (DESIGN §8: the same drift on several nodes of a new digest). */
export class Sightings {
  readonly #keys = new Map<string, Seen>();

  add(incident: Incident, now: number): void {
    for (const { key } of incident.drifts) {
      const seen = this.#keys.get(key) ?? { nodes: new Map<string, number>() };
      // Put last: the map keeps its order, and the first is the oldest.
      this.#keys.delete(key);
      this.#keys.set(key, seen);
      if (seen.nodes.size < maxNodes || seen.nodes.has(incident.instance.node))
        seen.nodes.set(incident.instance.node, now);
      else replaceOldest(seen.nodes, incident.instance.node, now);
    }
    while (this.#keys.size > maxKeys) {
      const oldest = this.#keys.keys().next();
      if (oldest.done === true) return;
      this.#keys.delete(oldest.value);
    }
  }

  /** Of the drifts of the incident, the one that the most nodes showed since then: how many, counted up to two. */
  nodes(incident: Incident, since: number): number {
    const counts = incident.drifts.map(({ key }) => {
      const seen = this.#keys.get(key);
      return seen === undefined ? 0 : [...seen.nodes.values()].filter((at) => at > since).length;
    });
    return Math.max(0, ...counts);
  }
}

/**
 * Whether the drift is more likely the new digest's than an attacker's: it shows on several nodes soon after the digest
 * first came. What is never normal is no rollout's doing, however many nodes show it.
 * @param firstSeen ms since the Unix epoch of the workload's digest; 0: long ago
 */
export function isRollout(
  incident: Incident,
  firstSeen: number,
  sightings: Pick<Sightings, 'nodes'>,
  rolloutMs: number,
  now: number,
): boolean {
  if (now - firstSeen >= rolloutMs) return false;
  if (incident.drifts.some(isNeverLearnable)) return false;
  return sightings.nodes(incident, firstSeen - 1) >= 2;
}

function replaceOldest(nodes: Map<string, number>, node: string, now: number): void {
  const [oldest] = [...nodes].toSorted(([, a], [, b]) => a - b);
  if (oldest !== undefined) nodes.delete(oldest[0]);
  nodes.set(node, now);
}
