/** What a site said its parameters are (docs/format.md, site parameters), after the overlay that says so was verified. */
export interface Bindings {
  /** `{site:NAME}` → peers it stands for. */
  readonly sites: ReadonlyMap<string, readonly BoundPeer[]>;
  /** `{volume:NAME}` → absolute directories, without a slash at the end. */
  readonly volumes: ReadonlyMap<string, readonly string[]>;
}

export interface BoundPeer {
  readonly peer: string;
  /** Absent: the port of the entry that names the parameter. */
  readonly port?: number;
}

/** Nothing is bound: what names a parameter accepts nothing, so its use alerts. */
export const noBindings: Bindings = { sites: new Map(), volumes: new Map() };
