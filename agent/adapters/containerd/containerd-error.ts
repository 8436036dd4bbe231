import { type ServiceError, status } from '@grpc/grpc-js';

/** containerd does not answer, or answers something else than its API says. Asking again later may help. */
export class ContainerdError extends Error {
  readonly code: 'unavailable' | 'refused' | 'unexpected';
  constructor(code: ContainerdError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ContainerdError';
    this.code = code;
  }
}

/** What a call answers, or why it does not. @throws ContainerdError */
export async function told<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toContainerdError(error);
  }
}

/** Undefined when containerd says that it has no such thing. @throws ContainerdError */
export async function unlessUnknown<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isServiceError(error) && error.code === status.NOT_FOUND) return undefined;
    throw toContainerdError(error);
  }
}

function toContainerdError(error: unknown): ContainerdError {
  if (error instanceof ContainerdError) return error;
  if (!isServiceError(error))
    return new ContainerdError('unexpected', 'containerd answered in an unknown form', { cause: error });
  const name = status[error.code];
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return new ContainerdError('unavailable', `containerd does not answer (${name}): is it running?`, {
        cause: error,
      });
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
    case status.UNIMPLEMENTED:
      return new ContainerdError(
        'refused',
        `containerd refuses to answer (${name}): the agent needs its socket`,
        { cause: error },
      );
    default:
      return new ContainerdError('unexpected', `containerd answers with an error (${name})`, {
        cause: error,
      });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
