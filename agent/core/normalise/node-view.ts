/** A control group of this machine. */
export interface Place {
  /** Inode of its directory in the v2 hierarchy. */
  readonly id: number;
  /** Absolute below the mount. */
  readonly path: string;
}

/** What normalisers of other people's sources must ask the node, because those do not tell. Answers at once. */
export interface NodeView {
  /** µs from boot to the Unix epoch, by the clocks as they stand now. */
  bootOffset(): number;
  /** When the process of that pid started, in clock ticks of 10 ms since boot; undefined when it is gone. */
  startTicks(pid: number): number | undefined;
  /**
   * The control group of a container.
   *
   * @param id as the source writes it: 64 hex digits, or as many of them as it keeps (12 at least)
   * @param pid a process that the source says lives in it
   */
  placeOf(id: string, pid: number): Place | undefined;
}
