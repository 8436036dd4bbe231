import { type ServiceError, status } from '@grpc/grpc-js';

/** A container runtime does not answer over its CRI, or not as the CRI says. Asking again later may help. */
export class CriError extends Error {
  readonly code: 'unavailable' | 'refused' | 'no-cri' | 'unexpected';
  constructor(code: CriError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CriError';
    this.code = code;
  }
}

/** `undefined` = it says that it has no such thing. */
export function unlessUnknown(error: ServiceError): undefined {
  if (error.code !== status.NOT_FOUND) throw toCriError(error);
  return undefined;
}

function toCriError(cause: ServiceError): CriError {
  const name = status[cause.code];
  switch (cause.code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return new CriError('unavailable', `the container runtime does not answer (${name}): is it running?`, {
        cause,
      });
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return new CriError(
        'refused',
        `the container runtime refuses to answer (${name}): the agent needs its socket`,
        {
          cause,
        },
      );
    case status.UNIMPLEMENTED:
      return new CriError(
        'no-cri',
        'what listens there speaks no CRI runtime.v1: containerd ≥ 1.6 and CRI-O ≥ 1.23 do',
        {
          cause,
        },
      );
    default:
      return new CriError('unexpected', `the container runtime answers with an error (${name})`, { cause });
  }
}
