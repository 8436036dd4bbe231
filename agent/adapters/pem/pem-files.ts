import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { printable } from '../../../fingerprint/printable.ts';
import { SourceError } from '../../ports/source.ts';

type Field = 'sourceCa' | 'sourceCertificate' | 'sourceKey';

/** A file with the certificate of an authority. @throws SourceError naming the setting */
export function authorityIn(file: string): Buffer {
  const bytes = read('sourceCa', file);
  parsed('sourceCa', file, 'certificate', () => new X509Certificate(bytes));
  return bytes;
}

/**
 * A certificate and its key. TLS itself would refuse them only where it is used, in words of its library.
 *
 * @throws SourceError naming the setting
 */
export function pairIn(certificate: string, key: string): { readonly cert: Buffer; readonly key: Buffer } {
  const cert = read('sourceCertificate', certificate);
  const secret = read('sourceKey', key);
  const shown = parsed('sourceCertificate', certificate, 'certificate', () => new X509Certificate(cert));
  const kept = parsed<KeyObject>('sourceKey', key, 'key without a passphrase', () =>
    createPrivateKey(secret),
  );
  if (!shown.checkPrivateKey(kept))
    throw wrong(
      `sourceKey ${printable(key)} is not the key of sourceCertificate; give the two that were made together`,
    );
  return { cert, key: secret };
}

function read(field: Field, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw wrong(`${field} ${printable(file)} cannot be read (${printable(why)}); correct it`, cause);
  }
}

function parsed<T>(field: Field, file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw wrong(`${field} ${printable(file)} holds no ${what} in PEM; give another file`, cause);
  }
}

function wrong(message: string, cause?: unknown): SourceError {
  return new SourceError('wrong-certificate', message, { cause });
}
