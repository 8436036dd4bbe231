/** What watches a node, as far as a change of it changes what is seen. */
export interface NodeSoftware {
  readonly version: string;
  readonly source: string;
  /** Release of the kernel; absent from agents that do not tell it. */
  readonly kernel?: string;
}

/** What was told of a node last. */
export interface NodeState {
  readonly software: NodeSoftware;
  /** ms since the Unix epoch: when it last changed, or what was done there was forgotten; 0 when neither ever was. */
  readonly changedAt: number;
}

/**
 * What is known of a node after an agent said hello. A node that was never seen has not changed: it is new, and what runs
 * there was approved elsewhere or is not approved at all.
 *
 * @param forgotten records of it that were acknowledged and are not here, as after a restore: stops may be among them, and
 * no budget knows of those. Also of a node that was never seen, since it came after the backup.
 */
export function afterHello(
  before: NodeState | undefined,
  software: NodeSoftware,
  now: number,
  forgotten: number,
): NodeState {
  if (forgotten > 0) return { software, changedAt: now };
  if (before === undefined) return { software, changedAt: 0 };
  const isSame =
    before.software.version === software.version &&
    before.software.source === software.source &&
    before.software.kernel === software.kernel;
  return { software, changedAt: isSame ? before.changedAt : now };
}

/** Whether the node is to be left alone for a while (DESIGN §8). A clock that was set back does not end it early. */
export function isSettling({ changedAt }: NodeState, settlingMs: number, now: number): boolean {
  return changedAt !== 0 && now < changedAt + settlingMs;
}
