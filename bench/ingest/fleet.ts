import { createHash } from 'node:crypto';

/** One copy of one workload of the node that is played. */
export interface Copy {
  readonly index: number;
  /** 64 hex digits. */
  readonly container: string;
  readonly image: string;
  /** `sha256:HEX` of the image. */
  readonly digest: string;
  /** Of its control group, as Docker calls them. */
  readonly scope: string;
  readonly server: { readonly pid: number };
  /** When its server started, µs since the epoch. */
  readonly startedAt: number;
  readonly files: readonly string[];
}

export interface FleetSize {
  readonly copies: number;
  /** Files each of them is known to open. */
  readonly entries: number;
}

/** A full node (reference: performance, T6). */
export const fullNode: FleetSize = { copies: 110, entries: 2_000 };

/** Beyond any pid of this machine, and four bytes on the wire each. */
export const firstPid = 2_500_000;
/** What the helpers of all copies are. */
export const helper = { exe: '/usr/bin/convert', args: ['convert', '-resize', '200x', '-', '-'] };
export const serverProgram = { exe: '/usr/local/bin/node', args: ['node', '/srv/app/main.js'] };
export const database = { address: '10.96.0.10', port: 5432 };

/** Two thirds of the names of a copy are of libraries that others have too, a third are its own. */
const libraries = 8_500;

/** A process of the host that lives: by its start the agent's clock and the source's are compared. */
export interface RealProcess {
  readonly pid: number;
  /** µs since the epoch. */
  readonly startedAt: number;
}

export function fleet({ copies, entries }: FleetSize, startedAt: number): readonly Copy[] {
  return Array.from({ length: copies }, (_, index) => {
    const container = hex(`container ${index}`);
    return {
      index,
      container,
      image: `registry.example/shop/${word(index)}`,
      digest: `sha256:${hex(`image ${index}`)}`,
      scope: `docker-${container}.scope`,
      server: { pid: firstPid + index },
      startedAt,
      files: Array.from({ length: entries }, (_, i) => fileOf(index, i, entries)),
    };
  });
}

function fileOf(copy: number, i: number, entries: number): string {
  if (i * 3 < entries * 2) {
    const library = (copy * 37 + i * 7) % libraries;
    return `/srv/app/node_modules/${word(library)}/lib/${word(library % 97)}/index.json`;
  }
  return `/var/lib/${word(copy)}/blobs/${word(i)}/store.db`;
}

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Letters only: digits would be generalised, and many entries would become few. */
function word(i: number): string {
  let out = '';
  for (let rest = i + 1; rest > 0; rest = Math.floor(rest / 21)) out += 'bcdfghjklmnpqrstvwxyz'[rest % 21];
  return `${out}a`;
}
