/** The database of a running collector, as one file of one moment. */
export interface BackupSource {
  /** Writes a copy beside whatever goes on. @throws StoreError */
  copyTo(file: string): Promise<void>;
}

/** What a backup says of itself. */
export interface BackupManifest {
  readonly format: 'whorl-backup';
  readonly version: 1;
  readonly schema: number;
  /** Id and epoch of the collector that it was made of; empty in one that never started. */
  readonly collector: string;
  readonly epoch: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly release: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

export interface BackupAnswer {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: BackupManifest;
}

/** Why a backup cannot be made or restored, with what to do. */
export class BackupError extends Error {
  readonly code:
    | 'exists'
    | 'unwritable'
    | 'disk-full'
    | 'not-a-backup'
    | 'damaged'
    | 'newer'
    | 'running'
    | 'nothing';
  constructor(code: BackupError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BackupError';
    this.code = code;
  }
}
