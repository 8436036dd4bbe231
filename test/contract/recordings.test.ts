import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { observe } from '../../cli/observe.ts';
import { behaviourKinds, type Event } from '../../fingerprint/event.ts';
import { parseEvent } from '../../fingerprint/event-json.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';

const subject = { name: 'shop', digest: `sha256:${'5'.repeat(64)}` };
const folder = (name: string) => new URL(`../../bpf-fixtures/sensor/${name}/`, import.meta.url).pathname;

function events(name: string): Event[] {
  const text = readFileSync(`${folder(name)}events.jsonl`, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => parseEvent(JSON.parse(line)));
}

const lines = (values: readonly unknown[]): string => values.map((v) => `${JSON.stringify(v)}\n`).join('');

/** Golden files: `vitest run -u` writes them anew after a change that was meant; the diff is the review. */
describe('the recordings of the sensor', () => {
  const benign = observe(events('benign'), { subject, coverage: behaviourKinds });

  it('teach these behaviours and nothing that is never learnable', async () => {
    expect(benign.incidents).toEqual([]);
    expect(benign.instances.size).toBe(2);
    await expect(lines(benign.novelties)).toMatchFileSnapshot(`${folder('benign')}behaviours.jsonl`);
  });

  it('show the attack as these incidents against what was taught', async () => {
    const about = {
      coverage: behaviourKinds,
      observation: {
        startedAt: '2026-01-01T00:00:00Z',
        finishedAt: '2026-01-01T00:01:00Z',
        source: 'sensor',
        events: benign.events,
        lost: benign.lost,
        instances: [],
      },
    };
    const approval = {
      fingerprint: `sha256:${'6'.repeat(64)}`,
      version: 1,
      signedBy: 'the vendor',
      maxMode: 'kill',
    } as const;
    const index = indexBehaviour(learn(subject, benign.novelties, about));
    const seen = observe(events('attack'), {
      subject,
      coverage: behaviourKinds,
      inForce: { index, approval },
    });
    const told = seen.incidents.map((i) => ({
      severity: i.severity,
      kinds: i.kinds,
      sentence: i.sentence,
      drifts: i.drifts.map((d) => [d.severity, d.kind, d.because, d.subject, d.count]),
      more: i.more,
    }));
    await expect(`${JSON.stringify(told, null, 2)}\n`).toMatchFileSnapshot(
      `${folder('attack')}incidents.json`,
    );
  });
});
