import { sha256Hex } from '../../fingerprint/digest.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import type { Workload } from '../../fingerprint/workload.ts';

const programs = ['/usr/bin/curl', '/tmp/.x/agent', '/usr/bin/nc', '/opt/app/bin/helper'];

/** Drift as it comes when a bad rollout meets a thousand nodes: each report a new incident of one drift. */
export function incidentReport(node: string, round: number, n: number): { id: string; json: Uint8Array } {
  // As in the product: a hash, so that indices are met at random places.
  const id = sha256Hex(Buffer.from(`${node} ${round} ${n}`));
  return { id, json: reportBytes({ type: 'incident', incident: incident(id, node, n) }) };
}

/** 110 workloads on a node (DESIGN §9). */
function workloadAt(n: number): Workload {
  return {
    cluster: 'default',
    namespace: `team-${n % 11}`,
    owner: `Deployment/service-${n % 110}`,
    container: 'main',
    role: 'main',
    subject: {
      name: `registry.example/team/service-${n % 110}`,
      digest: `sha256:${String(n % 110).padStart(64, 'a')}`,
    },
  };
}

function incident(id: string, node: string, n: number): Incident {
  const program = programs[n % programs.length] ?? '';
  const process = { pid: 1000 + n, start: 123_456_789 + n };
  const time = 1_750_000_000_000_000 + n;
  return {
    id,
    workload: workloadAt(n),
    instance: {
      id: `${id}`.slice(0, 64),
      node,
      pod: `service-${n % 110}-7d9c6b5f4-x2k8p`,
      startedAt: time - 1e9,
    },
    severity: 'high',
    kinds: ['exec'],
    sentence: `service-${n % 110} ran ${program}, which is in no program of its fingerprint`,
    drifts: [
      {
        key: id,
        root: 'entrypoint',
        lineage: ['/usr/local/bin/node', '/bin/sh', program],
        kind: 'exec',
        because: 'new-program',
        subject: `${program} --flag value-${n}`,
        origin: 'image',
        severity: 'high',
        count: 1,
        first: time,
        last: time,
        process,
      },
    ],
    more: 0,
    first: time,
    last: time,
    culprit: process,
    approval: {
      fingerprint: `sha256:${'b'.repeat(64)}`,
      version: 3,
      signedBy: 'Vendor Inc',
      maxMode: 'alert',
    },
  };
}
