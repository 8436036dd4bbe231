import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { environmentsOf } from '../environment.ts';
import { packed } from '../recording.ts';
import { Stage } from '../stage.ts';
import { lighttpd } from './lighttpd.ts';
import { rsync } from './rsync.ts';
import { squid } from './squid.ts';

/** Records what the rules were not made on: `node test/corpus/held-out/record.ts [DAEMON [ENVIRONMENT]]`, as root. */
const fixtures = new URL('../../../bpf-fixtures/held-out/', import.meta.url).pathname;
const [onlyDaemon, onlyEnvironment] = process.argv.slice(2);

const stage = await Stage.open();
try {
  for (const daemon of [lighttpd, rsync, squid]) {
    if (onlyDaemon !== undefined && onlyDaemon !== daemon.name) continue;
    for (const { name } of environmentsOf(daemon.name)) {
      if (onlyEnvironment !== undefined && onlyEnvironment !== name) continue;
      const events = await stage.record(daemon, name, daemon.life);
      mkdirSync(`${fixtures}${daemon.name}`, { recursive: true });
      const bytes = packed(events);
      writeFileSync(`${fixtures}${daemon.name}/${name}.jsonl.gz`, bytes);
      const gaps = events.filter((e) => e.kind === 'gap').length;
      console.log(
        `${daemon.name} ${name}: ${events.length} events, ${gaps} gaps, ${bytes.length} bytes, Linux ${release()}`,
      );
    }
  }
} finally {
  await stage.close();
}
