import { X509Certificate } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedAuthority, pinOf } from '../agent/adapters/identity/pinned-authority.ts';
import { NodeIdentity } from '../agent/adapters/node-identity.ts';
import { agentDir } from './data-dir.ts';

export { IdentityError } from '../agent/adapters/identity/identity-error.ts';

export interface JoinRequest {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  readonly token: string;
  readonly cluster: string;
  readonly node: string;
  readonly dataDir: string;
  readonly now: () => number;
}

export interface Joined {
  readonly certificate: X509Certificate;
  /** Of the collector, as the token names it. */
  readonly authority: X509Certificate;
}

/** The collector's authority, when it is the one that the token names. Nothing is sent. @throws IdentityError */
export async function seenAuthority({
  address,
  token,
}: Pick<JoinRequest, 'address' | 'token'>): Promise<X509Certificate> {
  const pem = await pinnedAuthority(address, pinOf(token) ?? '');
  return new X509Certificate(pem);
}

/**
 * Gets this node its certificate and puts it where its agent looks. What was there stays until the new one is complete:
 * a join that fails shuts nobody out.
 *
 * @throws IdentityError
 */
export async function joinNode(request: JoinRequest): Promise<Joined> {
  const { address, token, cluster, node, dataDir, now } = request;
  const authority = await seenAuthority(request);
  const kept = join(agentDir(dataDir), 'identity');
  // Of a fixed name: who asks again, its answer lost, asks with the same key and is served again.
  const dir = `${kept}.joining`;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  keepKey(kept, dir);
  // The authority that was known before is not believed: the token says which one is.
  rmSync(join(dir, 'ca.pem'), { force: true });
  const given = { method: 'join-token', token } as const;
  const identity = new NodeIdentity({
    dir,
    address,
    cluster,
    node,
    token: () => given,
    now,
    random: () => 0,
  });
  const { certificate } = await identity.enrol();
  const before = `${kept}.before`;
  rmSync(before, { recursive: true, force: true });
  if (existsSync(kept)) renameSync(kept, before);
  renameSync(dir, kept);
  rmSync(before, { recursive: true, force: true });
  return { certificate: new X509Certificate(certificate), authority };
}

/** By its key the collector knows that it is the same machine: it needs no token that replaces another. */
function keepKey(from: string, to: string): void {
  const files = ['key.pem', 'request.der'].map((name) => [join(from, name), join(to, name)] as const);
  if (!files.every(([source]) => existsSync(source))) return;
  for (const [source, target] of files) copyFileSync(source, target);
}
