import { describe, expect, it } from 'vitest';
import { Counters } from './core/counters.ts';
import { disarmLabel } from './core/kubernetes/disarm-label.ts';
import { DisarmLabels } from './disarm-labels.ts';
import type { ObjectSink } from './ports/containers.ts';
import type { DisarmLabel } from './ports/disarm.ts';
import type { StateLine } from './state-line.ts';

const start = Date.UTC(2026, 4, 3, 12) * 1000;
const hour = 3_600_000_000;
const value = String((start + hour) / 1_000_000);
const shop = { metadata: { name: 'shop', labels: { [disarmLabel]: value } } };

/** Labels as an API tells of them, and where they are kept. */
class Cluster {
  now = start;
  kept: readonly DisarmLabel[] = [];
  saves = 0;
  isFull = false;
  readonly lines: StateLine[] = [];
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly counters = new Counters();
  sink: ObjectSink | undefined;
  labels = this.#start();

  /** The agent starts again. */
  async restart(): Promise<void> {
    this.labels = this.#start();
    await this.labels.open();
    await this.labels.run(new AbortController().signal);
  }

  told(...namespaces: readonly unknown[]): void {
    this.sink?.begin();
    this.sink?.page(namespaces);
    this.sink?.complete();
    this.sink?.reached();
  }

  #start(): DisarmLabels {
    return new DisarmLabels({
      source: {
        run: async (sink) => {
          this.sink = sink;
        },
      },
      store: {
        load: async () => this.kept,
        save: async (labels) => {
          this.saves += 1;
          if (this.isFull) throw new Error('no space');
          this.kept = labels;
        },
      },
      counters: this.counters,
      now: () => this.now,
      log: {
        info: () => undefined,
        warn: (_fields, message) => void this.warnings.push(message),
        error: (_fields, message) => void this.errors.push(message),
      },
      say: (line) => void this.lines.push(line),
    });
  }
}

async function cluster(): Promise<Cluster> {
  const made = new Cluster();
  await made.restart();
  return made;
}

describe('labels that disarm namespaces', () => {
  it('hold until their end while the API is away, which is told once', async () => {
    const made = await cluster();
    const { labels } = made;
    expect(labels.status).toMatchObject({ state: 'waiting' });
    made.told(shop);
    await labels.told;
    made.now += hour / 2;
    for (const reason of ['it does not answer', 'it refuses (403)', 'it does not answer'])
      made.sink?.away(reason);
    expect(labels.of('shop')).toMatchObject({ namespace: 'shop', until: start + hour });
    expect(labels.status).toMatchObject({
      state: 'unseen',
      since: start + hour / 2,
      reason: 'it does not answer',
    });
    expect(made.lines).toEqual([
      { type: 'disarm-labels', state: 'seen' },
      { type: 'disarm-labels', state: 'unseen', reason: 'it does not answer' },
    ]);
    expect(made.warnings).toHaveLength(1);
    expect(made.counters.get('disarm-labels.unseen')).toBe(1);
    made.now += hour / 2;
    expect(labels.inForce()).toEqual([]);
    made.told();
    expect(made.lines.at(-1)).toEqual({ type: 'disarm-labels', state: 'seen' });
  });

  it('are known after a restart before the API is asked', async () => {
    const made = await cluster();
    made.told(shop);
    await made.labels.keep();
    made.now += 60_000_000;
    await made.restart();
    made.sink?.away('it does not answer');
    expect(made.labels.of('shop')).toBeDefined();
    expect(made.kept).toEqual([{ namespace: 'shop', value, seenAt: start }]);
    made.sink?.begin();
    made.sink?.complete();
    await made.labels.keep();
    expect(made.kept).toEqual([]);
  });

  it('are written when they change, and again until they could be', async () => {
    const made = await cluster();
    await made.labels.keep();
    expect(made.saves).toBe(0);
    made.sink?.set(shop);
    made.isFull = true;
    await made.labels.keep();
    await made.labels.keep();
    expect([made.saves, made.errors.length, made.counters.get('disarm-labels.not-kept')]).toEqual([2, 1, 1]);
    made.isFull = false;
    await made.labels.keep();
    await made.labels.keep();
    expect([made.saves, made.kept.length]).toEqual([3, 1]);
    made.sink?.set(shop);
    await made.labels.keep();
    expect(made.saves).toBe(3);
    made.sink?.remove(shop);
    await made.labels.keep();
    expect(made.kept).toEqual([]);
  });

  it('that are none are counted', async () => {
    const made = await cluster();
    made.told({ metadata: {} });
    expect(made.labels.counters()).toEqual({
      'disarm-labels.malformed': 1,
      'disarm-labels.refused': 0,
      'disarm-labels.over': 0,
    });
  });
});
