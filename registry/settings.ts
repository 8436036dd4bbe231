/** A name, or the beginning of one at a slash, and where else what lies below it is found. */
export interface Mirror {
  readonly from: string;
  readonly to: string;
}

/** How registries are reached. Everything of the machine is given by the caller. */
export interface RegistrySettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Plain HTTP for every registry; without it only those on this machine are spoken to in the clear. */
  readonly plainHttp?: boolean;
  /** PEM certificates that are trusted besides the usual ones; registries on this machine are then reached by TLS, too. */
  readonly ca?: string;
  readonly mirrors?: readonly Mirror[];
  /** Told to a person while they wait. */
  readonly say: (text: string) => void;
  readonly wait: (ms: number) => Promise<void>;
  /** At least 0, below 1. */
  readonly random: () => number;
  /** ms, only differences count. */
  readonly now: () => number;
}
