import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { packed } from '../recording.ts';
import { Stage } from '../stage.ts';
import { cache, shopOf, web } from './shop.ts';

/** Records the shop that Falco recorded, seen by the sensor: `node test/corpus/cross-source/record.ts [web|cache]`, as root. */
const fixtures = new URL('../../../bpf-fixtures/cross-source/', import.meta.url).pathname;
const only = process.argv[2];

const stage = await Stage.open();
try {
  for (const daemon of [web, cache]) {
    if (only !== undefined && only !== daemon.name) continue;
    const events = await stage.record(daemon, shopOf(daemon), daemon.life);
    mkdirSync(`${fixtures}${daemon.name}`, { recursive: true });
    const bytes = packed(events);
    writeFileSync(`${fixtures}${daemon.name}/sensor.jsonl.gz`, bytes);
    const gaps = events.filter((e) => e.kind === 'gap').length;
    console.log(
      `${daemon.name}: ${events.length} events, ${gaps} gaps, ${bytes.length} bytes, Linux ${release()}`,
    );
  }
} finally {
  await stage.close();
}
