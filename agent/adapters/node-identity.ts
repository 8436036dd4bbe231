import { readFileSync } from 'node:fs';
import type { Identity, NodeCertificate } from '../ports/uplink.ts';
import { type Collector, enrol, renew } from './identity/enrolment-call.ts';
import { IdentityError } from './identity/identity-error.ts';
import { IdentityFiles, type KeptCertificate, type KeptKey } from './identity/identity-files.ts';
import { pinnedAuthority, pinOf } from './identity/pinned-authority.ts';
import type { EnrolmentToken } from './identity/token-files.ts';
import { UplinkError } from './uplink-grpc/endpoint.ts';

export interface NodeIdentityOptions {
  /** Where key, certificate and authorities are kept; made when it is needed. */
  readonly dir: string;
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  /** PEM of an authority that is believed besides those the collector told. */
  readonly caFile?: string;
  readonly cluster: string;
  readonly node: string;
  /** Asked at each enrolment: projected tokens are written anew every hour. @returns undefined when there is none */
  readonly token: () => EnrolmentToken | undefined;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  /** 0 … 1, for jitter: a thousand agents that were enrolled at once must not renew at once. */
  readonly random: () => number;
}

/** A renewal that failed is tried again after this share of what is left. */
const retryShare = 1 / 20;
const shortestRetryMs = 10_000;

/** What the collector says of a certificate where only enrolling again can help. */
const anew: ReadonlySet<string> = new Set([
  'no-certificate',
  'certificate-unknown',
  'certificate-expired',
  'node-mismatch',
  'cluster-mismatch',
]);

/** Who this node is to its collector, in files of its data directory: enrolled once, renewed at half of its life. */
export class NodeIdentity implements Identity {
  readonly #options: NodeIdentityOptions;
  readonly #files: IdentityFiles;
  /** Of the life of each certificate; the same for the whole run, so that the time does not jump about. */
  readonly #renewAtShare: number;
  #retryAt = 0;
  #mustEnrol = false;
  #mustRenew = false;

  constructor(options: NodeIdentityOptions) {
    this.#options = options;
    this.#files = new IdentityFiles(options.dir);
    this.#renewAtShare = 0.5 + 0.1 * options.random();
  }

  async current(): Promise<NodeCertificate | string> {
    try {
      return await this.#current();
    } catch (error) {
      if (error instanceof IdentityError || error instanceof UplinkError) return error.message;
      throw error;
    }
  }

  refused(code: string): void {
    // By our clock it may have time left; the collector's is the one that counts.
    if (code === 'certificate-expired') this.#mustRenew = true;
    else if (anew.has(code)) this.#mustEnrol = true;
  }

  /**
   * A first certificate, or another one, for the token that there is.
   * @throws IdentityError
   */
  async enrol(): Promise<NodeCertificate> {
    const { cluster, node } = this.#options;
    const token = this.#options.token();
    if (token === undefined)
      throw new IdentityError(
        'no-token',
        'this node has no certificate that its collector takes, and no token to get one; give it a join token (joinTokenFile)',
      );
    const collector = await this.#collector(token);
    const key = this.#files.key() ?? (await this.#files.makeKey());
    const given = await enrol(collector, { csr: key.request, ...token, cluster, node });
    await this.#files.save(given);
    return this.#shown(key, this.#kept(key));
  }

  async #current(): Promise<NodeCertificate> {
    const key = this.#files.key();
    const kept = key === undefined ? undefined : this.#files.certificate(key);
    if (key === undefined || kept === undefined) return await this.enrol();
    if (this.#mustEnrol && this.#options.token() !== undefined) {
      // Once: what is kept is tried again in between, since a token that was used up helps nobody.
      this.#mustEnrol = false;
      return await this.enrol();
    }
    const now = this.#options.now();
    const isDue = now >= this.#renewAt(kept) && now >= this.#retryAt;
    if (!isDue && !this.#mustRenew) return this.#shown(key, kept);
    this.#mustRenew = false;
    return await this.#renewed(key, kept);
  }

  async #renewed(key: KeptKey, kept: KeptCertificate): Promise<NodeCertificate> {
    const now = this.#options.now();
    try {
      const collector = { address: this.#options.address, ca: this.#authorities() };
      await this.#files.save(
        await renew(collector, { certificate: kept.pem, key: key.pem, csr: key.request }),
      );
      return this.#shown(key, this.#kept(key));
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      if (anew.has(error.code) && this.#options.token() !== undefined) return await this.enrol();
      if (now >= kept.notAfter) throw error;
      // There is time: what is kept serves on, and it is tried again.
      this.#retryAt = now + Math.max(shortestRetryMs, (kept.notAfter - now) * retryShare);
      return this.#shown(key, kept);
    }
  }

  async #collector(token: EnrolmentToken): Promise<Collector> {
    const { address } = this.#options;
    const known = this.#knownAuthorities();
    if (known !== undefined) return { address, ca: known };
    const pin = token.method === 'join-token' ? pinOf(token.token) : undefined;
    if (pin !== undefined) return { address, ca: Buffer.from(await pinnedAuthority(address, pin)) };
    throw new IdentityError(
      token.method === 'join-token' ? 'bad-token' : 'ca-file',
      token.method === 'join-token'
        ? 'this is no join token; it begins with whorl-join. and was printed whole where it was made'
        : "the collector cannot be known without its CA file (collectorCa: tls/ca.pem of the collector's data directory)",
    );
  }

  #authorities(): Buffer {
    const known = this.#knownAuthorities();
    if (known !== undefined) return known;
    throw new IdentityError('ca-file', 'the authority of the collector is not known; enrol this node again');
  }

  /** What the collector told and what the configuration says: either may be the newer one. */
  #knownAuthorities(): Buffer | undefined {
    const { caFile } = this.#options;
    const given = caFile === undefined ? undefined : readGiven(caFile);
    const parts = [this.#files.authorities(), given].filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));
  }

  #kept(key: KeptKey): KeptCertificate {
    const kept = this.#files.certificate(key);
    if (kept !== undefined) return kept;
    throw new IdentityError(
      'bad-answer',
      'the collector gave a certificate for another key than was asked for',
    );
  }

  #shown(key: KeptKey, kept: KeptCertificate): NodeCertificate {
    const renewAt = Math.max(this.#renewAt(kept), this.#retryAt);
    return { certificate: kept.pem, key: key.pem, ca: this.#authorities(), renewAt };
  }

  #renewAt({ notBefore, notAfter }: KeptCertificate): number {
    return notBefore + (notAfter - notBefore) * this.#renewAtShare;
  }
}

function readGiven(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw new IdentityError(
      'ca-file',
      `${file} cannot be read (${why}); copy it from the collector's data directory`,
      {
        cause,
      },
    );
  }
}
