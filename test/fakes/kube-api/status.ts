/** What the API server writes instead of an object, as recorded. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details?: object;
  readonly code: number;
}

export function failure(code: number, reason: string, message: string, details?: object): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
}

export const unauthorized = failure(401, 'Unauthorized', 'Unauthorized');

export function notFound(name: string, kind: string): Status {
  return failure(404, 'NotFound', `${kind} "${name}" not found`, { name, kind });
}

/** No such path. */
export const noSuchPath = failure(404, 'NotFound', 'the server could not find the requested resource', {});

export function gone(asked: number, oldest: number): Status {
  return failure(410, 'Expired', `too old resource version: ${asked} (${oldest})`);
}

export function continueExpired(next: string): Status {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
  return { ...failure(410, 'Expired', message), metadata: { continue: next } };
}
