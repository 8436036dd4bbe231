import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { PeerDirectory } from '../../agent/core/address-book.ts';
import { readFalco } from '../../cli/falco-recording.ts';
import { main } from '../../cli/main.ts';
import { type Observed, observe } from '../../cli/observe.ts';
import { coverageOf, type Recording, recordingOf } from '../../cli/recording.ts';
import type { Event } from '../../fingerprint/event.ts';
import { formatEvent } from '../../fingerprint/event-json.ts';
import { parseImageRef } from '../../fingerprint/image-ref.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';
import { fakeIo } from '../fakes/io.ts';
import { moved } from '../fakes/moved-recording.ts';

const folder = new URL('../../bpf-fixtures/falco/', import.meta.url);
const lines = (name: string): string[] =>
  gunzipSync(readFileSync(new URL(name, folder)))
    .toString()
    .trimEnd()
    .split('\n');
const text = (of: readonly string[]): string => `${of.join('\n')}\n`;

const coverage = coverageOf('falco');
const approval = {
  fingerprint: `sha256:${'6'.repeat(64)}`,
  version: 1,
  signedBy: 'the site',
  maxMode: 'kill',
} as const;

interface Whole {
  readonly events: readonly Event[];
  readonly isForeign: (event: Event) => boolean;
  readonly directory: PeerDirectory;
}

async function read(files: Readonly<Record<string, string>>): Promise<Whole> {
  const { events, isNameless, directory } = await readFalco(fakeIo(files), Object.keys(files));
  return { events: [...events], isForeign: isNameless, directory };
}

const ofImage = (whole: Whole, digest: string): Promise<Recording> =>
  recordingOf(whole, { source: 'falco', digest });

describe('alerts in both forms of Falco', () => {
  it('become these events', async () => {
    const forms = readFileSync(new URL('alerts/alerts.jsonl', folder), 'utf8');
    const { events } = await ofImage(await read({ 'alerts.jsonl': forms }), `sha256:${'0'.repeat(64)}`);
    const told = [...events()].map((e) => `${JSON.stringify(formatEvent(e))}\n`).join('');
    await expect(told).toMatchFileSnapshot(new URL('alerts/events.jsonl', folder).pathname);
  });
});

describe('the benign stream of Falco 0.40', async () => {
  const lines40 = lines('falco-0.40.0-benign.jsonl.gz');
  const parts = moved(lines40);
  const here = await read({ 'here.jsonl': text(lines40) });
  const there = await read(Object.fromEntries(parts.map((part, i) => [`there${i}.jsonl`, text(part)])));
  const images = {
    web: 'registry.local/shop/web@sha256:d83d61cd1dbcfb118d5b4d418602ff8988c75ed444fda316d382b8b954cee966',
    api: 'registry.local/shop/api@sha256:95fd63dc109f9e528a88c30e534c6b2f3db105185eee33c067451786f897f9b2',
    cache:
      'registry.local/library/redis@sha256:f9a647404c433572416d9f7ffbae54e783ccbb231d821bdb123979e64752258e',
    // The DNS server, the load generator and the box the attacks come from.
    box: 'registry.local/tool/box@sha256:4adbb8de52415a717c8eabb2274d40cbeb22a0a4beebd1154753d90bc1c85bc0',
  };

  it('is another recording altogether after it was moved', () => {
    const [a, b] = [text(lines40), text(parts.flat())];
    for (const own of ['10.222.7.', 'api-7d9f5b6c4-x2x9p', 'cache-0', '89effe2c8d92', '"hostname":"vm"']) {
      expect(a).toContain(own);
      expect(b).not.toContain(own);
    }
    expect(parts.flat()).toHaveLength(lines40.length);
  });

  it.each(Object.entries(images))(
    'of %s shows nothing new there, shuffled and split',
    async (_name, image) => {
      const subject = parseImageRef(image);
      const learned = withSpec(await ofImage(here, subject.digest));
      const again = withSpec(await ofImage(there, subject.digest));
      const incidents = judged(
        again,
        subject,
        observe(learned.events(), { subject, coverage, ...learned.names }),
      );
      expect(incidents.map((i) => i.sentence)).toEqual([]);
    },
  );

  it('is learned and judged by the command line, packed as it is', { timeout: 60_000 }, async () => {
    const io = fakeIo({
      'here.jsonl': text(lines40),
      ...Object.fromEntries(parts.map((p, i) => [`there${i}`, text(p)])),
    });
    await main(
      ['learn', '--source', 'falco', '--subject', images.api, '--from', 'here.jsonl', '--out', 'b.json'],
      io,
    );
    expect([io.exitCode, io.stderr[1]]).toEqual([0, expect.stringMatching(/events name another image/)]);
    await main(['backtest', 'b.json', 'there2', 'there0', 'there1', '--source', 'falco', '--json'], io);
    const summary = JSON.parse(io.stdout.at(-1) ?? '') as object;
    expect(summary).toMatchObject({ type: 'summary', incidents: 0, drifts: 0, lost: 0 });
    expect(io.exitCode).toBe(0);
  });
});

/**
 * The load generator is driven by exec, as a pod spec's hooks are; a recording of Falco does not carry the spec. Probes
 * that keep time are known without it.
 */
function withSpec(recording: Recording): { events(): Iterable<Event>; names: { directory?: PeerDirectory } } {
  return withProbes(recording, (args) => ['true', 'timeout'].includes(args[0] ?? ''));
}

/** The recording as it would be with the pod spec at hand: these commands are its probes. */
function withProbes(
  recording: Recording,
  isProbe: (args: readonly string[]) => boolean,
): { events(): Iterable<Event>; names: { directory?: PeerDirectory } } {
  const all = [...recording.events()];
  const probes = all.flatMap((e) => (e.kind === 'exec' && isProbe(e.args) ? [e.args] : []));
  const spec = (e: Event): Event =>
    e.container === undefined
      ? e
      : { ...e, container: { ...e.container, probes: [...(e.container.probes ?? []), ...probes] } };
  const { directory } = recording;
  return { events: () => all.map(spec), names: directory === undefined ? {} : { directory } };
}

function judged(
  there: { events(): Iterable<Event>; names: { directory?: PeerDirectory } },
  subject: { name: string; digest: string },
  learned: Observed,
): readonly Incident[] {
  const observation = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:01:00Z',
    source: 'falco',
    events: learned.events,
    lost: learned.lost,
    instances: [],
  };
  const index = indexBehaviour(learn(subject, learned.novelties, { coverage, observation }));
  return observe(there.events(), { subject, coverage, inForce: { index, approval }, ...there.names })
    .incidents;
}

interface Label {
  readonly id: string;
  readonly container: string;
  readonly start_ms: number;
  readonly end_ms: number;
}

/** Containers without a name are told apart by what they run. */
const kinds = {
  api: ['python3', '/app/server.py'],
  web: ['/bin/sh', '/docker-entrypoint.sh'],
  cache: ['redis-server'],
  dns: ['python3', '/srv/dns.py'],
} as const;
type Kind = keyof typeof kinds;

describe('the five attacks in the stream of Falco 0.43', async () => {
  const digest = `sha256:${'7'.repeat(64)}`;
  const labels = readFileSync(new URL('falco-0.43.1-attack-first5.labels.jsonl', folder), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Label);
  const [benign, attacked] = await Promise.all(
    ['falco-0.43.1-benign.jsonl.gz', 'falco-0.43.1-attack-first5.jsonl.gz'].map(async (name) =>
      ofImage(await read({ [name]: text(lines(name)) }), digest),
    ),
  );
  if (benign === undefined || attacked === undefined) throw new Error('no recording');

  /** What happened in containers of one kind; the host's side of it is everybody's. */
  const ofKind = (recording: Recording, kind: Kind) => {
    const all = [...recording.events()];
    const ids = all.flatMap((e) =>
      e.kind === 'exec' && kinds[kind].every((arg, i) => e.args[i] === arg) ? [e.container?.id] : [],
    );
    const { directory } = recording;
    return {
      events: () => all.filter((e) => e.container === undefined || ids.includes(e.container.id)),
      names: { directory: withRuntime(directory) },
    };
  };
  const incidentsOf = (kind: Kind): readonly Incident[] => {
    const subject = { name: `shop/${kind}`, digest };
    const here = ofKind(benign, kind);
    return judged(
      ofKind(attacked, kind),
      subject,
      observe(here.events(), { subject, coverage, ...here.names }),
    );
  };
  const found = incidentsOf('api');

  it.each(labels)('$id is found, as one incident', ({ start_ms, end_ms }) => {
    const during = found.filter((i) => i.first >= start_ms * 1000 && i.first <= end_ms * 1000);
    expect(during.map((i) => i.sentence)).toHaveLength(1);
  });

  it('and nothing else is, there or elsewhere in the shop', () => {
    expect(found).toHaveLength(labels.length);
    for (const kind of ['web', 'cache', 'dns'] as const)
      expect([kind, incidentsOf(kind).map((i) => i.sentence)]).toEqual([kind, []]);
  });

  it.each<[string, string, string, string, RegExp]>([
    [
      'recon',
      'exec',
      '/bin/sh -c getent hosts localhost; id; whoami',
      'high',
      /started `\/usr\/bin\/dash -c getent/,
    ],
    ['read_shadow', 'open', '/etc/shadow', 'high', /which read `\/etc\/shadow` and read `\/etc\/gshadow`/],
    [
      'sa_token',
      'open',
      '/var/run/secrets/kubernetes.io/serviceaccount/token',
      'high',
      /which read `[^`]*token`/,
    ],
    [
      'download_pipe_sh',
      'exec',
      './kworkerd',
      'critical',
      /started `\/tmp\/\.x\/kworkerd` \(not in the image\)/,
    ],
    ['reverse_shell_bash', 'connect', ':4444', 'high', /which connected to [^ ]*:4444/],
  ])('%s has the gravest on top: %s %s', (id, kind, subject, severity, sentence) => {
    const label = labels.find((l) => l.id === id);
    const incident = found.find(
      (i) => i.first >= (label?.start_ms ?? 0) * 1000 && i.first <= (label?.end_ms ?? 0) * 1000,
    );
    expect(incident?.severity).toBe(severity);
    expect(incident?.drifts[0]).toMatchObject({ kind, severity });
    expect(incident?.drifts[0]?.subject).toContain(subject);
    expect(incident?.sentence).toMatch(sentence);
    expect(incident?.sentence).toMatch(/^`python3\.11` of host\/api started /);
  });
});

/**
 * The one container that never connects and is connected to by nobody in the benign stream still stands in an argument:
 * the agent asks the container runtime for its address, the recording cannot.
 */
function withRuntime(directory: PeerDirectory | undefined): PeerDirectory {
  return {
    epoch: 0,
    nameOf: (address) =>
      directory?.nameOf(address) ?? (address === '10.222.7.43' ? 'workload:host/sleep' : undefined),
  };
}
