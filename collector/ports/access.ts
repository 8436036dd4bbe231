import type { Role, Scope } from '../core/access.ts';

export { type Place, type Role, roles, type Scope } from '../core/access.ts';

/** One API token as it is kept: never the secret, only its hash. Times are ms since the Unix epoch. */
export interface TokenRow {
  readonly id: string;
  /** SHA-256 of the whole token, hex. */
  readonly hash: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly reason: string;
  readonly expiresAt: number;
  /** Midnight (UTC) of the day it was last used; 0: never. */
  readonly lastUsedDay: number;
  /** 0: not revoked. */
  readonly revokedAt: number;
}

/** Where tokens are kept. Every write resolves after the commit. */
export interface AccessStore {
  token(id: string): Promise<TokenRow | undefined>;
  /** Newest first. */
  tokens(): Promise<readonly TokenRow[]>;
  /** @returns false when there are `most` live ones already, or one that is live has this name */
  addToken(row: TokenRow, most: number): Promise<'added' | 'too-many' | 'name-taken'>;
  /** @returns false when there is none, or it was revoked before */
  revokeToken(id: string, now: number): Promise<boolean>;
  usedToken(id: string, day: number): Promise<void>;
  /** Hash of the one bootstrap token that is still good. */
  bootstrap(): Promise<string | undefined>;
  /** Takes the place of an earlier one. */
  saveBootstrap(hash: string): Promise<void>;
  /** In one transaction: of two that come with the same bootstrap token one gets in. */
  exchangeBootstrap(hash: string, row: TokenRow): Promise<boolean>;
}

/** The file in which the bootstrap token waits for the first administrator. */
export interface BootstrapFile {
  readonly path: string;
  exists(): boolean;
  write(token: string): void;
  remove(): void;
}
