import type { Pod } from './pod.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Software of the corpus: how its image is made, and what it lives through in every environment. */
export interface Daemon {
  readonly name: string;
  /** Debian's packages; `images/<name>/` is laid over them. */
  readonly packages: readonly string[];
  readonly entrypoint: readonly string[];
  /** Commands run in the image when it is built. */
  readonly setup: readonly string[];
  /** Programs made on this machine: source below `images/`, command with `$ROOT` for the image's root. */
  readonly build?: string;
  /** Directories the daemon writes: a volume, memory or the upper layer, by environment. */
  readonly data: readonly string[];
  /** Directory without subdirectories that holds the settings: from the image or from a volume, by environment. */
  readonly config: string;
  /** As whom it runs, and as whom where the environment asks for another user. */
  readonly user: User;
  readonly otherUser: User;
  /** Variables of its environment, as its pod spec says. */
  readonly env?: readonly string[];
  /** Working directory, where the image names one. */
  readonly cwd?: string;
  /** What kubelet or an operator runs in it from outside, as the pod spec says: known to the agent beforehand. */
  readonly probes: readonly (readonly string[])[];
  readonly isReady: (pod: Pod) => Promise<boolean>;
  /** All that it lives through in one recording, from the start to its end. */
  readonly life: (pod: Pod) => Promise<void>;
  /** Further recordings, in the first environment only. */
  readonly extras?: Readonly<Record<string, (pod: Pod) => Promise<void>>>;
}
