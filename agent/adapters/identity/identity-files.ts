import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../disk/replace-file.ts';
import { IdentityError } from './identity-error.ts';

export interface KeptKey {
  /** PEM. */
  readonly pem: Buffer;
  /** PKCS#10, DER. */
  readonly request: Uint8Array;
}

export interface KeptCertificate {
  readonly pem: Buffer;
  /** ms since the Unix epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The node's key, the request made for it, its certificate and its collector's authorities, in a directory of their own. */
export class IdentityFiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** @throws IdentityError when it cannot be read, or could be by others */
  key(): KeptKey | undefined {
    const [pem, request] = [this.#read('key.pem'), this.#read('request.der')];
    if (pem === undefined || request === undefined) return undefined;
    const path = join(this.#dir, 'key.pem');
    if ((statSync(path).mode & 0o077) !== 0)
      throw new IdentityError(
        'key-file',
        `${path} can be read by others than its owner; set its mode to 0600`,
      );
    this.#parsed(pem);
    return { pem, request };
  }

  /** Kept before it is asked for: who asks again after a crash asks with the same key. */
  async makeKey(): Promise<KeptKey> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { certificateRequest } = await import('./certificate-request.ts');
    const request = await certificateRequest(
      privateKey.export({ format: 'der', type: 'pkcs8' }),
      publicKey.export({ format: 'der', type: 'spki' }),
    );
    const pem = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await replaceFile(join(this.#dir, 'request.der'), request);
    await replaceFile(join(this.#dir, 'key.pem'), pem);
    return { pem, request };
  }

  /** @returns undefined when there is none for this key: half of a pair is none */
  certificate(key: KeptKey): KeptCertificate | undefined {
    const pem = this.#read('certificate.pem');
    if (pem === undefined) return undefined;
    try {
      const certificate = new X509Certificate(pem);
      if (!certificate.publicKey.equals(createPublicKey(this.#parsed(key.pem)))) return undefined;
      const { validFromDate, validToDate } = certificate;
      return { pem, notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
    } catch {
      return undefined;
    }
  }

  /** Authorities as the collector told them last. */
  authorities(): Buffer | undefined {
    return this.#read('ca.pem');
  }

  async save({ certificate, ca }: { readonly certificate: string; readonly ca: string }): Promise<void> {
    // The authorities first: a certificate counts only where its collector can be known.
    await replaceFile(join(this.#dir, 'ca.pem'), ca);
    await replaceFile(join(this.#dir, 'certificate.pem'), certificate);
  }

  #parsed(pem: Buffer): KeyObject {
    try {
      return createPrivateKey(pem);
    } catch (cause) {
      const sentence = `${join(this.#dir, 'key.pem')} holds no key; remove the directory to enrol this node anew`;
      throw new IdentityError('key-file', sentence, { cause });
    }
  }

  #read(name: string): Buffer | undefined {
    const path = join(this.#dir, name);
    try {
      return readFileSync(path);
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
      if (code === 'ENOENT') return undefined;
      throw new IdentityError('key-file', `${path} cannot be read (${code})`, { cause });
    }
  }
}
