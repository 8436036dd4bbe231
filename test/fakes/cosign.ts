import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../fingerprint/digest.ts';
import { pae, statementPayloadType } from '../../fingerprint/envelope.ts';
import { predicateType } from '../../fingerprint/statement-frame.ts';

/** JSON as Go's encoding/json writes it: maps sorted, `<`, `>`, `&` and the two line separators escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}

interface Named {
  readonly name: string;
  readonly digest: string;
}

/** The statement `cosign attest --predicate` makes up to version 2: members in the order of the Go structure. */
export function cosignStatement(predicate: object, { name, digest }: Named): string {
  const subject = [{ name, digest: { sha256: digest.slice('sha256:'.length) } }];
  const head = goJson({ _type: 'https://in-toto.io/Statement/v0.1' }).slice(0, -1);
  return `${head},"predicateType":${goJson(predicateType)},"subject":${goJson(subject).replace(/\{"digest":(\{[^}]*\}),"name":("[^"]*")\}/, '{"name":$2,"digest":$1}')},"predicate":${goJson(predicate)}}`;
}

/** Newer cosign and actions/attest: v1, members in another order, and spaces where protojson puts some. */
export function newerStatement(predicate: object, { name, digest }: Named): string {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: digest.slice('sha256:'.length) } }],
    predicateType,
    predicate,
  };
  return JSON.stringify(statement).replaceAll('","', '", "');
}

/** A P-256 key pair of openssl and what cosign makes with such a key. `close` removes its files. */
export function cosignKey() {
  const directory = mkdtempSync(join(tmpdir(), 'whorl-cosign-'));
  const at = (name: string): string => join(directory, name);
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at('cosign.key'));
  openssl('pkey', '-in', at('cosign.key'), '-pubout', '-out', at('cosign.pub'));
  const spki = openssl('pkey', '-in', at('cosign.key'), '-pubout', '-outform', 'DER');
  const sign = (statement: string): string => {
    writeFileSync(at('message'), pae(statementPayloadType, Buffer.from(statement)));
    return openssl('dgst', '-sha256', '-sign', at('cosign.key'), at('message')).toString('base64');
  };
  const payload = (statement: string): string => Buffer.from(statement).toString('base64');
  return {
    publicPem: readFileSync(at('cosign.pub'), 'utf8'),
    /** What `cosign attest` pushes as `.att`, and prints with `--no-upload`. */
    envelope: (statement: string): Buffer =>
      Buffer.from(
        `{"payloadType":"${statementPayloadType}","payload":"${payload(statement)}","signatures":[{"keyid":"","sig":"${sign(statement)}"}]}`,
      ),
    /** A bundle v0.3 as `cosign attest --new-bundle-format` writes it, with an entry of a transparency log. */
    bundle: (statement: string): Buffer =>
      Buffer.from(
        JSON.stringify({
          mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
          verificationMaterial: {
            publicKey: { hint: Buffer.from(sha256(spki)).toString('base64') },
            tlogEntries: [
              {
                logIndex: '94',
                kindVersion: { kind: 'dsse', version: '0.0.1' },
                inclusionPromise: { signedEntryTimestamp: 'AAAA' },
                canonicalizedBody: 'e30=',
              },
            ],
            timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }] },
          },
          dsseEnvelope: {
            payload: payload(statement),
            payloadType: statementPayloadType,
            signatures: [{ sig: sign(statement) }],
          },
        }),
      ),
    close: (): void => rmSync(directory, { recursive: true }),
  };
}

function openssl(...args: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync('openssl', args);
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr.toString()}`);
  return stdout;
}
