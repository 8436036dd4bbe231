import { printable } from '../fingerprint/printable.ts';
import { CliError, type ExitCode, exitCodes } from './exit.ts';

/** What a collector refused, for whoever goes on from some refusals. */
export class Refused extends CliError {
  readonly status: number;

  constructor(status: number, ...words: ConstructorParameters<typeof CliError>) {
    super(...words);
    this.status = status;
  }
}

/** What a collector refused (RFC 9457), as a sentence. What it wrote is made printable: it may be anybody's server. */
export function refusal(where: string, status: number, answer: unknown): Refused {
  const text = (name: string): string => {
    const found: unknown =
      typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
    return typeof found === 'string' ? printable(found, 500) : '';
  };
  const detail = inVerbs(text('detail')) || `status ${status}`;
  return new Refused(status, codeOf(status), `${where} refused: ${detail}`, hintOf(status));
}

/** The collector speaks to any client and names its own lists; whoever sits at a terminal has a verb for each. */
const verbs: Readonly<Record<string, string>> = {
  agents: 'whorl agents',
  clusters: 'whorl cluster list',
  incidents: 'whorl incidents',
  notify: 'whorl notify list',
  workloads: 'whorl status',
};

function inVerbs(detail: string): string {
  return detail.replaceAll(/GET \/api\/v1\/([a-z]+)(?![/a-z])/g, (said, list: string) => verbs[list] ?? said);
}

function codeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return exitCodes.trust;
  if (status === 429 || status >= 500) return exitCodes.network;
  return exitCodes.usage;
}

function hintOf(status: number): string | undefined {
  if (status === 401) return 'whorl login --status shows who you are';
  return status === 403 ? 'whorl login --status shows your role' : undefined;
}

const tlsWords: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; compare the clocks',
  CERT_REVOKED: 'its certificate was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'nobody you trust signed its certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'nobody you trust signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'nobody you trust signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'nobody you trust signed its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'nobody you trust signed its certificate',
  CERT_SIGNATURE_FAILURE: 'its certificate is forged',
};

const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it broke off the connection',
  EPIPE: 'it broke off the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'it stopped in the middle of its answer',
  UND_ERR_SOCKET: 'it broke off the connection',
  EPROTO: 'it does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  EACCES: 'its socket belongs to another user; run as that user, or whorl login',
};

/** Why nothing came back: 3 when it is not who it should be, 5 when the network failed. */
export function networkError(error: unknown, where: string): unknown {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  const code = codeWithin(error);
  const forged = tlsWords[code];
  if (forged !== undefined)
    return new CliError(
      exitCodes.trust,
      `${where} is not believed: ${forged} (${code})`,
      'give the ca.pem of the collector: whorl login URL --ca FILE',
      { cause: error },
    );
  const words = networkWords[code];
  if (words === undefined) return error;
  return new CliError(exitCodes.network, `cannot reach ${where}: ${words}`, undefined, { cause: error });
}

/** A host with several addresses fails with an error for each. */
function codeWithin(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code: unknown = first instanceof Error && 'code' in first ? first.code : undefined;
  return typeof code === 'string' ? code : '';
}
