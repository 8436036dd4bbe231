import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packed } from '../recording.ts';
import { Stage } from '../stage.ts';
import { attacks } from './attacks.ts';
import { onDaemons } from './on-daemons.ts';
import { victim } from './victim.ts';

/** Records the attacks anew: `node test/corpus/attacks/record.ts [NAME…]`, as root; see ../README.md. */
const fixtures = new URL('../../../bpf-fixtures/attacks/', import.meta.url).pathname;
const wanted = process.argv.slice(2);
const onVictim = { 'everyday-1': victim.life, 'everyday-2': victim.life, ...attacks };
const scenes = [
  ...Object.entries(onVictim).map(([name, act]) => ({ name, daemon: victim, act })),
  ...Object.entries(onDaemons).map(([name, scene]) => ({ name, ...scene })),
];

mkdirSync(fixtures, { recursive: true });
const stage = await Stage.open();
try {
  for (const { name, daemon, act } of scenes) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const events = await stage.record(daemon, 'a', act);
    const bytes = packed(events);
    writeFileSync(join(fixtures, `${name}.jsonl.gz`), bytes);
    const gaps = events.filter((e) => e.kind === 'gap');
    console.log(`${name}: ${events.length} events, ${gaps.length} gaps, ${bytes.length} bytes`);
  }
} finally {
  await stage.close();
}
