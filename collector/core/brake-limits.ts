/** Brakes, because a wrong fingerprint must not kill a fleet (DESIGN §8). */
export const brakeReasons = [
  'brake-disarmed',
  'brake-settling',
  'brake-rollout',
  'brake-workload',
  'brake-cluster',
  'brake-owner',
  'brake-node',
  'brake-node-share',
  'brake-last-instance',
  'brake-holds',
  'brake-asked',
] as const;
export type BrakeReason = (typeof brakeReasons)[number];

export interface BrakeLimits {
  readonly windowMs: number;
  readonly stopsPerWorkload: number;
  readonly stopsPerCluster: number;
  /** Share of a node's running copies that may be stopped in the window; at least one may. */
  readonly nodeShare: number;
  /** Share of the copies of one owner in its cluster; at least one. */
  readonly ownerShare: number;
  readonly holdsPerWorkload: number;
  readonly holdsPerCluster: number;
  /** After the first sight of a digest the same drift on several nodes is taken for the rollout's doing. */
  readonly rolloutMs: number;
  /** After a change of agent, source or kernel on a node drift may be the change's doing: it is told, not acted on. */
  readonly settlingMs: number;
}

/** DESIGN §8, §11. Holds leave the service running and end by themselves, so there may be more of them. */
export const defaultBrakes: BrakeLimits = {
  windowMs: 600_000,
  stopsPerWorkload: 3,
  stopsPerCluster: 10,
  nodeShare: 0.1,
  ownerShare: 0.25,
  holdsPerWorkload: 10,
  holdsPerCluster: 50,
  rolloutMs: 1_800_000,
  settlingMs: 1_800_000,
};
