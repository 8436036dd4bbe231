import { sha256Hex } from '../fingerprint/digest.ts';
import {
  inScope,
  isAtLeast,
  isWhole,
  type Role,
  type Scope,
  sameHash,
  tokenBytes,
  tokenId,
  wholeScope,
  writeToken,
} from './core/access.ts';
import type { AccessStore, BootstrapFile, TokenRow } from './ports/access.ts';
import {
  AccessError,
  type AccessService,
  type Caller,
  type Change,
  type MadeToken,
  type NewToken,
  type TokenInfo,
} from './ports/api.ts';
import type { AuditLog } from './ports/audit.ts';
import type { Log } from './ports.ts';

const dayMs = 86_400_000;
const defaultDays = 90;
const maxDays = 365;
/** A token each for a few hundred people and scripts; a loop that makes them must not fill the disk. */
const maxTokens = 1000;
const bootstrapReason = 'the first administrator, by the bootstrap token';

export interface AccessOptions {
  readonly store: AccessStore;
  readonly file: BootstrapFile;
  readonly audit: AuditLog;
  readonly random: (length: number) => Uint8Array;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
}

/** Who may use the API: tokens that people make for people and scripts, the first by a token that is good once. */
export class Access implements AccessService {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /**
   * Makes the bootstrap token when nobody could administer over the network. No password is ever the same on two sites.
   * @returns the file it waits in; undefined when there is an administrator
   */
  async prepare(): Promise<string | undefined> {
    const { store, file, random, now } = this.#options;
    const rows = await store.tokens();
    if (rows.some((row) => row.role === 'admin' && isLive(row, now()))) return undefined;
    // Who lost the file gets another token, and the lost one is worth nothing.
    if ((await store.bootstrap()) !== undefined && file.exists()) return file.path;
    const { token } = writeToken(random(tokenBytes));
    await store.saveBootstrap(hashOf(token));
    file.write(token);
    return file.path;
  }

  async authenticate(token: string): Promise<Caller | undefined> {
    const { store, now } = this.#options;
    const id = tokenId(token);
    const row = id === undefined ? undefined : await store.token(id);
    if (row === undefined || !sameHash(row.hash, hashOf(token)) || !isLive(row, now())) return undefined;
    this.#used(row);
    return callerOf({ name: row.name, key: `token:${row.id}`, role: row.role, scope: row.scope });
  }

  /** Once a day at most: a write for each request would cost more than the request. */
  #used({ id, lastUsedDay }: TokenRow): void {
    const { store, now, log } = this.#options;
    const day = now() - (now() % dayMs);
    if (lastUsedDay >= day) return;
    store
      .usedToken(id, day)
      .catch((err: unknown) => log.warn({ token: id, err }, 'last use could not be noted'));
  }

  async tokens(): Promise<readonly TokenInfo[]> {
    return (await this.#options.store.tokens()).map(infoOf);
  }

  async createToken(wanted: NewToken, { author, reason }: Change): Promise<MadeToken> {
    const { store, audit } = this.#options;
    const made = this.#make(wanted, { author, reason });
    switch (await store.addToken(made.row, maxTokens)) {
      case 'too-many':
        throw new AccessError(
          'too-many',
          `there are ${maxTokens} tokens already; revoke those nobody uses first`,
        );
      case 'name-taken':
        throw new AccessError(
          'name-taken',
          'a token that is still good has this name; what it does could not be told from what the new one does',
        );
      case 'added': {
        const { name, role, scope } = wanted;
        const detail = { name, role, scope, expiresAt: made.row.expiresAt };
        await audit.record({ type: 'token-made', author, about: made.row.id, reason, detail });
        return { token: made.token, info: infoOf(made.row) };
      }
    }
  }

  async revokeToken(id: string, { author, reason }: Change): Promise<boolean> {
    const { store, audit, now } = this.#options;
    const revoked = await store.revokeToken(id, now());
    if (revoked) await audit.record({ type: 'token-revoked', author, about: id, reason, detail: {} });
    return revoked;
  }

  async bootstrap(token: string, name: string): Promise<MadeToken | undefined> {
    const { store, audit, file } = this.#options;
    if (tokenId(token) === undefined) return undefined;
    const change = { author: 'bootstrap', reason: bootstrapReason };
    const made = this.#make({ name, role: 'admin', scope: wholeScope }, change);
    if (!(await store.exchangeBootstrap(hashOf(token), made.row))) return undefined;
    file.remove();
    const { author, reason } = change;
    await audit.record({ type: 'bootstrap-used', author, about: made.row.id, reason, detail: { name } });
    return { token: made.token, info: infoOf(made.row) };
  }

  #make(wanted: NewToken, { author, reason }: Change): { readonly token: string; readonly row: TokenRow } {
    const { random, now } = this.#options;
    const at = now();
    const expiresAt = wanted.expiresAt ?? at + defaultDays * dayMs;
    if (!(expiresAt > at && expiresAt <= at + maxDays * dayMs))
      throw new AccessError('expires', `a token is good for ${maxDays} days at most, and ends in the future`);
    const { id, token } = writeToken(random(tokenBytes));
    const { name, role, scope } = wanted;
    const kept = { createdAt: at, createdBy: author, reason, expiresAt, lastUsedDay: 0, revokedAt: 0 };
    return { token, row: { id, hash: hashOf(token), name, role, scope, ...kept } };
  }
}

/** Whoever may open the unix socket could as well read every file of the collector. */
export function localCaller(user: string): Caller {
  return callerOf({ name: `local:${user}`, key: 'local', role: 'admin', scope: wholeScope });
}

/** A caller with what follows from role and scope: the one place where both are looked at. */
export function callerOf(who: {
  readonly name: string;
  readonly key: string;
  readonly role: Role;
  readonly scope: Scope;
}): Caller {
  return {
    ...who,
    may: (least) => isAtLeast(who.role, least),
    sees: (place) => inScope(who.scope, place),
    seesAll: isWhole(who.scope),
  };
}

function isLive({ expiresAt, revokedAt }: TokenRow, now: number): boolean {
  return revokedAt === 0 && now < expiresAt;
}

function infoOf({ hash: _, ...info }: TokenRow): TokenInfo {
  return info;
}

function hashOf(token: string): string {
  return sha256Hex(new TextEncoder().encode(token));
}
