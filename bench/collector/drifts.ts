import { sha256Hex } from '../../fingerprint/digest.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';

/** A node of DESIGN §9. */
const workloads = 110;
/** What a bad rollout changes about each of them, the same on every node: a few dozen behaviours. */
const keysOfEach = 24;

/** `shared`: the drift that all nodes meet; `own`: the worst case, no two reports are about the same drift. */
export type DriftKind = 'shared' | 'own';

export interface Drift {
  readonly id: string;
  readonly workload: Workload;
  readonly key: string;
  /** µs since the Unix epoch. */
  readonly time: number;
  /** The report as it is sent and stored. */
  readonly json: string;
}

export const severity = 'high';

export const nodeName = (node: number): string => `node-${node}`;

/** What one node reports in one round: each a new occurrence, as from a copy that has just started. */
export function driftsOf(
  node: number,
  { kind, round, each, began }: { kind: DriftKind; round: number; each: number; began: number },
): Drift[] {
  return Array.from({ length: each }, (_, i) => {
    const n = round * each + i;
    // Nodes do not report the same at the same time.
    const at = (n + node * 37) % (workloads * keysOfEach);
    // As in the product: a hash, so that indices are met at random places.
    const id = sha256Hex(Buffer.from(`${kind} ${node} ${n}`));
    const { workload, key, text } = templateOf(at);
    const time = began * 1000 + n;
    const own = kind === 'own' ? id : key;
    const json = text
      .replaceAll(marks.id, id)
      .replaceAll(marks.key, own)
      .replaceAll(marks.node, nodeName(node))
      .replaceAll(String(marks.time), String(time))
      .replaceAll(String(marks.pid), String(1000 + n));
    return { id, workload, key: own, time, json };
  });
}

/** What differs from one report to the next: put in afterwards, since writing canonical JSON costs more than sending it. */
const marks = {
  id: 'id'.repeat(32),
  key: 'ky'.repeat(32),
  node: 'the-node',
  time: 1_111_111_111_111_111,
  pid: 999_999_991,
};

interface Template {
  readonly workload: Workload;
  readonly key: string;
  readonly text: string;
}

const templates = new Map<number, Template>();

function templateOf(at: number): Template {
  const known = templates.get(at);
  if (known !== undefined) return known;
  const workload = workloadAt(at % workloads);
  const key = sha256Hex(Buffer.from(`${workloadKey(workload)} ${at}`));
  const report = { type: 'incident', incident: incident(workload, at) } as const;
  const made = { workload, key, text: Buffer.from(reportBytes(report)).toString() };
  templates.set(at, made);
  return made;
}

function workloadAt(n: number): Workload {
  return {
    cluster: 'default',
    namespace: `team-${n % 11}`,
    owner: `Deployment/service-${n}`,
    container: 'main',
    role: 'main',
    subject: {
      name: `registry.example/team/service-${n}`,
      digest: `sha256:${String(n).padStart(64, 'a')}`,
    },
  };
}

const programs = ['/usr/bin/curl', '/tmp/.x/agent', '/usr/bin/nc', '/opt/app/bin/helper'];

function incident(workload: Workload, at: number): Incident {
  const program = programs[at % programs.length] ?? '';
  const process = { pid: marks.pid, start: 123_456_789 };
  const service = workload.owner.slice('Deployment/'.length);
  return {
    id: marks.id,
    workload,
    instance: {
      id: marks.id,
      node: marks.node,
      pod: `${service}-7d9c6b5f4-x2k8p`,
      startedAt: marks.time,
    },
    severity,
    kinds: ['exec'],
    sentence: `${service} ran ${program}, which is in no program of its fingerprint`,
    drifts: [
      {
        key: marks.key,
        root: 'entrypoint',
        lineage: ['/usr/local/bin/node', '/bin/sh', program],
        kind: 'exec',
        because: 'new-program',
        subject: `${program} --flag value-${at}`,
        origin: 'image',
        severity,
        count: 1,
        first: marks.time,
        last: marks.time,
        process,
      },
    ],
    more: 0,
    first: marks.time,
    last: marks.time,
    culprit: process,
    approval: {
      fingerprint: `sha256:${'b'.repeat(64)}`,
      version: 3,
      signedBy: 'Vendor Inc',
      maxMode: 'alert',
    },
  };
}
