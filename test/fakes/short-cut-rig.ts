import type { Normaliser } from '../../agent/agent-deps.ts';
import type { BytesOf } from '../../agent/core/as-it-is.ts';
import type { Attributed } from '../../agent/core/attributed.ts';
import { Attribution } from '../../agent/core/attribution.ts';
import { Counters } from '../../agent/core/counters.ts';
import { ShortCut } from '../../agent/core/hotpath/short-cut.ts';
import { createSensorNormaliser } from '../../agent/core/normalise/sensor.ts';
import type { SourceNote } from '../../agent/core/source-note.ts';
import { Watch, type WatchOutput } from '../../agent/core/watch.ts';
import type { InForce } from '../../agent/core/watched.ts';
import type { Workload } from '../../fingerprint/workload.ts';

export const workload: Workload = {
  cluster: 'c',
  namespace: 'n',
  owner: 'Deployment/cart',
  container: 'main',
  role: 'main',
  subject: { name: 'cart', digest: `sha256:${'a'.repeat(64)}` },
};
/** The agent's core between the bytes and what is told, with or without the short cut. */
export class Rig {
  readonly counters = new Counters();
  readonly told: WatchOutput[] = [];
  readonly #attribution = new Attribution({ counters: this.counters });
  readonly #shortCut = new ShortCut({
    attribution: this.#attribution,
    counters: this.counters,
    take: (events) => this.#take(events),
  });
  readonly #watch = new Watch({
    node: 'n',
    coverage: () => this.#normaliser.coverage(),
    counters: this.counters,
    attribution: this.#attribution,
    onKnown: (act, copy) => this.#shortCut.known(act, copy),
    bytesOf: (file) => this.bytesOf(file),
  });
  readonly #normaliser: Normaliser;
  readonly #withShortCut: boolean;
  /** As if a file were the image's now and somebody's then. */
  bytesOf: BytesOf = ({ time }) => (Math.floor(time / 50_000) % 2 === 0 ? { origin: 'image' } : undefined);
  inForce: InForce | undefined;

  constructor(withShortCut: boolean, normaliser: Normaliser = createSensorNormaliser()) {
    this.#withShortCut = withShortCut;
    this.#normaliser = normaliser;
  }

  read(chunk: Uint8Array): void {
    this.#take(this.#normaliser.push(chunk, this.#withShortCut ? this.#shortCut : undefined));
    this.#shortCut.settle();
  }

  /** What the source's adapter learns beside the stream. */
  note(note: SourceNote): void {
    this.#take(this.#normaliser.note(note));
  }

  /** As the agent does every moment: what only time decides. @param until µs since the epoch */
  tick(until: number): void {
    for (const item of this.#attribution.settle(until)) this.#handle(item);
    this.told.push(...this.#watch.tick(until));
  }

  judgeBy(inForce: InForce | undefined): void {
    this.inForce = inForce;
    this.told.push(...this.#watch.setInForce(workload, inForce));
  }

  finish(): { told: readonly WatchOutput[]; counters: object; answered: number } {
    for (const item of this.#attribution.settle()) this.#handle(item);
    this.told.push(...this.#watch.tick(Number.MAX_SAFE_INTEGER), ...this.#watch.support(0));
    const { told, counters } = this;
    const open = this.#watch.openIncidents();
    const ofSource = Object.entries(this.#normaliser.counters());
    const isSkipped = ([name]: [string, number]): boolean => name.endsWith('.skipped');
    const answered = ofSource.find(isSkipped)?.[1] ?? 0;
    const others = Object.fromEntries(ofSource.filter((counter) => !isSkipped(counter)));
    return { told, counters: { ...others, ...counters.snapshot(), open }, answered };
  }

  #take(events: Parameters<ConstructorParameters<typeof ShortCut>[0]['take']>[0]): void {
    this.counters.add('events', events.length);
    for (const event of events) for (const item of this.#attribution.observe(event)) this.#handle(item);
  }

  #handle(item: Attributed): void {
    if (item.type !== 'instance' || item.state === 'exited') {
      this.told.push(...this.#watch.observe(item));
      return;
    }
    const { instance } = item;
    this.told.push(...this.#watch.began(instance, workload, 'started'));
    this.judgeBy(this.inForce);
    for (const waited of this.#attribution.identify(instance, workload)) this.#handle(waited);
  }
}
