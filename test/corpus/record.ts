import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../fingerprint/event.ts';
import type { Daemon } from './daemon.ts';
import { daemons } from './daemons.ts';
import { environmentsOf } from './environment.ts';
import { packed } from './recording.ts';
import { Stage } from './stage.ts';

/**
 * Records the corpus anew: `node test/corpus/record.ts [DAEMON [ENVIRONMENT]]`, as root. Without arguments all of it,
 * which takes about half an hour; the first time longer, because images are made.
 */
const fixtures = new URL('../../bpf-fixtures/corpus/', import.meta.url).pathname;
const [onlyDaemon, onlyEnvironment] = process.argv.slice(2);

async function recordDaemon(stage: Stage, daemon: Daemon): Promise<void> {
  for (const { name } of environmentsOf(daemon.name)) {
    if (onlyEnvironment !== undefined && onlyEnvironment !== name) continue;
    keep(daemon, name, await stage.record(daemon, name, daemon.life));
    keep(daemon, `${name}.interactive`, await stage.record(daemon, name, visited));
  }
  if (onlyEnvironment !== undefined && onlyEnvironment !== 'extras') return;
  for (const [name, act] of Object.entries(daemon.extras ?? {}))
    keep(daemon, name, await stage.record(daemon, 'a', act));
}

/** Somebody looks around in a running copy. */
async function visited(pod: Parameters<Daemon['life']>[0]): Promise<void> {
  await pod.start();
  pod.exec(['sh', '-c', 'id; ls /']);
  await pod.stop('SIGKILL');
}

function keep(daemon: Daemon, name: string, events: readonly Event[]): void {
  mkdirSync(join(fixtures, daemon.name), { recursive: true });
  const bytes = packed(events);
  writeFileSync(join(fixtures, daemon.name, `${name}.jsonl.gz`), bytes);
  const gaps = events.filter((e) => e.kind === 'gap').length;
  console.log(
    `${daemon.name} ${name}: ${events.length} events, ${gaps} gaps, ${bytes.length} bytes, Linux ${release()}`,
  );
}

const stage = await Stage.open();
try {
  for (const daemon of daemons)
    if (onlyDaemon === undefined || onlyDaemon === daemon.name) await recordDaemon(stage, daemon);
} finally {
  await stage.close();
}
