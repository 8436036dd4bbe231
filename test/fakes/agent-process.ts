import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import { Counters } from '../../agent/core/counters.ts';
import { Outbox } from '../../agent/outbox.ts';
import type { Downlink } from '../../agent/ports/uplink.ts';
import type { Report } from '../../fingerprint/report.ts';
import { enrolled } from './enrolled.ts';
import { aDrift, anIncident } from './reports.ts';

/**
 * An agent in a process of its own, to be killed: the real spool, outbox and uplink under a made-up load. Prints one JSON
 * line per record that survives a crash from here on (`{"seq":…,"id":…}`), and `{"drained":N}` when it only delivers what is left.
 */
interface Load {
  readonly dir: string;
  readonly address: string;
  readonly caFile: string;
  /** Records a second; 0 when only what is left is to be delivered. */
  readonly perSecond: number;
}

const load: Load = JSON.parse(process.argv[2] ?? '{}');
mkdirSync(load.dir, { recursive: true });
const spool = await SegmentSpool.open({ dir: join(load.dir, 'spool') });
const idFile = join(load.dir, 'spool', 'agent-id');
if (!existsSync(idFile)) writeFileSync(idFile, randomBytes(16).toString('hex'));

/** The outbox does not say which number a report was given; the spool does. */
let lastSeq: number | undefined;
const append = spool.append.bind(spool);
spool.append = (record) => {
  lastSeq = append(record);
  return lastSeq;
};

const counters = new Counters();
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const uplink = new GrpcUplink({
  address: load.address,
  identity: enrolled(load.caFile),
  agent: readFileSync(idFile, 'utf8'),
  node: 'node-1',
  cluster: 'local',
  session: randomBytes(16).toString('hex'),
  version: 'test',
  source: 'fake',
  coverage: ['exec'],
  random: () => 0,
});
const outbox = new Outbox({ spool, uplink, counters, log: silent });
const downlink: Downlink = {
  onWelcome: () => undefined,
  onAck: (seq) => outbox.acked(seq),
  onFingerprint: () => undefined,
  onOrder: () => undefined,
  onLease: () => undefined,
  onState: (state) => (state === 'connected' ? outbox.connected() : outbox.disconnected()),
};
const ending = new AbortController();
void uplink.run(downlink, ending.signal);

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Incidents are told three times, growing; everything else once. */
function made(run: string, n: number): { id: string; report: Report } {
  if (n % 4 === 0) return { id: `${run}-${n}`, report: gap(`${run}-${n}`) };
  const id = `${run}${String(Math.floor(n / 4)).padStart(48, '0')}`;
  // A drift of its own each, so that none is rolled up with another.
  const incident = anIncident({ id, more: n % 4, drifts: [{ ...aDrift, key: id }] });
  return { id: `${run}-${n}`, report: { type: 'incident', incident } };
}

function gap(reason: string): Report {
  return { type: 'gap', since: 1, until: 2, lost: 1, reason };
}

/** What is printed was flushed before: from then on it may not be lost. */
async function produce(): Promise<void> {
  const run = randomBytes(8).toString('hex');
  for (let n = 1; ; n++) {
    const { id, report } = made(run, n);
    lastSeq = undefined;
    outbox.put(report);
    const seq = lastSeq;
    if (seq !== undefined) void spool.flush().then(() => say({ seq, id }));
    if (n % 64 === 0) await sleep(64_000 / load.perSecond);
  }
}

async function finish(): Promise<void> {
  while (spool.stats().records > 0) await sleep(20);
  say({ drained: spool.stats().dropped });
  ending.abort();
  await spool.close();
  process.exit(0);
}

if (load.perSecond > 0) await produce();
else await finish();
