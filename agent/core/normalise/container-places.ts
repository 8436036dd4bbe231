import type { Event } from '../../../fingerprint/event.ts';
import type { NodeView } from './node-view.ts';

/** Containers remembered: a crowded node has some 400, and those that ended linger. */
const maxKnown = 8_192;
/** A container whose control group was not found is looked for again after this long: the first look may be too early. */
const againUs = 100_000;
/** And no more after so many: it has ended, or its runtime does not use control groups. */
const maxLooks = 10;

interface Known {
  readonly cgroup: number;
  looks: number;
  lookedAt: number;
}

/**
 * Control groups of the containers that a source names. The sources tell ids of containers only; everything else here
 * (who is stopped, who is asked about) goes by control group.
 */
export class ContainerPlaces {
  readonly #view: NodeView;
  readonly #known = new Map<string, Known>();

  constructor(view: NodeView) {
    this.#view = view;
  }

  /**
   * @param told gets a `cgroup` event when the container is new, to be given out before its first act
   * @returns the id of its control group, or undefined when it has none that can be found: then the event names the
   *   container alone, and nothing of it can be frozen.
   */
  cgroupOf(id: string, pid: number, time: number, told: Event[]): number | undefined {
    const known = this.#known.get(id);
    if (known !== undefined && (known.cgroup !== 0 || !isDue(known, time))) return known.cgroup || undefined;
    const place = this.#view.placeOf(id, pid);
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(id, { cgroup: place?.id ?? 0, looks: (known?.looks ?? 0) + 1, lookedAt: time });
    if (place === undefined) return undefined;
    const process = { pid: 0, start: 0 };
    told.push({ time, process, kind: 'cgroup', action: 'found', id: place.id, path: place.path });
    return place.id;
  }

  /**
   * The source says that it ended.
   *
   * @returns its control group, if that is gone: whoever may make control groups of its own can name one after another's
   *   container and remove it
   */
  ended(id: string): number | undefined {
    const known = this.#known.get(id);
    if (known !== undefined && known.cgroup !== 0 && this.#view.placeOf(id, 0)?.id === known.cgroup)
      return undefined;
    this.#known.delete(id);
    return known?.cgroup || undefined;
  }
}

function isDue({ looks, lookedAt }: Known, time: number): boolean {
  return looks < maxLooks && time - lookedAt >= againUs;
}
