/** What is watched (Workload) and one running copy of it (Instance). DESIGN §2. */

export const roles = ['main', 'init', 'ephemeral'] as const;
export type Role = (typeof roles)[number];

/** The identity of software: what a fingerprint is signed for. */
export interface Subject {
  /** Image repository without tag or digest, or the service's name off a container runtime. */
  readonly name: string;
  /** `sha256:<64 lower hex>`. */
  readonly digest: string;
}

export interface Workload {
  readonly cluster: string;
  readonly namespace: string;
  /** Deployment/cart, StatefulSet/db …; off Kubernetes `unit/nginx.service` or `cgroup/<generalised path>`. */
  readonly owner: string;
  readonly container: string;
  readonly role: Role;
  /** First 16 hex digits of the SHA-256 of the generalised entrypoint and command, where the runtime tells them. */
  readonly entry?: string;
  readonly subject: Subject;
}

export interface Instance {
  /** Container id, or the cgroup path where there is no runtime. Unique on its node while it lives. */
  readonly id: string;
  readonly node: string;
  readonly pod?: string;
  /** µs since the Unix epoch. */
  readonly startedAt: number;
}

/**
 * One string per workload: what is learned under it is never taught to another owner (DESIGN §2.1).
 * The parts cannot hold a newline (parsers refuse control characters), so the join is unambiguous.
 */
export function workloadKey(w: Workload): string {
  const { cluster, namespace, owner, container, role, entry = '', subject } = w;
  return [cluster, namespace, owner, container, role, entry, subject.name, subject.digest].join('\n');
}
