import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Surroundings } from '../core/surroundings.ts';
import type { DrawnPorts, SocketTables } from '../core/sweep/sockets.ts';

/** What /proc says of a process at a glance. */
export interface ProcessGlance {
  readonly pid: number;
  readonly parent: number;
  /** Ticks of 10 ms since boot. */
  readonly startTicks: number;
  /** Bytes of its address space: whatever is mapped changes it. */
  readonly mapped: number;
}

export interface ProcessView {
  /** The executable's path as the kernel shows it, with its mark when the name is gone. Any bytes. */
  readonly exe: Uint8Array;
  readonly root: Uint8Array;
  /** In the order of `namespaceNames` (core/sweep/moved.ts). */
  readonly namespaces: readonly string[];
}

/** What a process has in its address space. */
export interface MemoryView {
  readonly maps: Uint8Array;
  readonly auxv: Uint8Array;
  /** Device and inode of what it executes, and whether that has no name any more. */
  readonly exe: { readonly id: string; readonly unlinked: boolean };
}

/**
 * The present state, as the kernel shows it; nothing is interpreted here. What is not a promise reads only what no
 * process can make anybody wait for. Undefined: gone, or not ours to read.
 */
export interface StateView {
  pids(): readonly number[];
  /** Undefined also for what never runs a program: kernel threads and the dead. */
  glance(pid: number): ProcessGlance | undefined;
  view(pid: number): ProcessView | undefined;
  networkOf(pid: number): string | undefined;
  cgroupOf(pid: number): { readonly id: number; readonly path: string } | undefined;
  mounts(pid: number): string | undefined;
  /**
   * Whether a layer of an overlay holds the file itself; `removed`: it holds the mark that it, or what it lay in, was taken
   * away. Undefined when the layer cannot be looked into.
   */
  isInLayer(layer: string, path: string): boolean | 'removed' | undefined;
  /** Inodes of its sockets, one by one, so that the caller can pause. */
  sockets(pid: number): Iterable<number>;
  /** Ports the kernel draws from. */
  drawnPorts(): DrawnPorts;
  socketTables(pid: number): Promise<SocketTables | undefined>;
  /** A process can hold its own address space, or serve its own files, and put this off as it likes: never two at a time. */
  memory(pid: number): Promise<MemoryView | undefined>;
  /** The same holds. With what it was started, or what it wrote there since. */
  args(pid: number): Promise<Uint8Array | undefined>;
  /** The same holds. Whether the file of a mapping has no name any more. @param range as in `maps` */
  isUnlinked(pid: number, range: string): Promise<boolean | undefined>;
}

/** What a running copy's own root and network namespace say of it. */
export interface SurroundingsReader {
  /** @returns undefined when the process is gone. */
  of(first: ProcessRef): Promise<Surroundings | undefined>;
  /** Of the host itself, for services whose first process has ended. */
  host(): Promise<Surroundings | undefined>;
}
