import { Type } from 'typebox';

/** Every way in which a request can be refused (RFC 9457). Clients branch on the code: it never gets a second meaning. */
export const problems = {
  invalid: [400, 'The request is not as it must be'],
  'document-refused': [400, 'The signed document is refused'],
  unauthenticated: [401, 'Nobody is known by this token'],
  forbidden: [403, 'The role does not allow it'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'The method is not for this path'],
  conflict: [409, 'It contradicts what is there'],
  'stop-held-back': [409, 'Something stands in the way that can be passed'],
  'changed-meanwhile': [412, 'Somebody changed it meanwhile'],
  'too-large': [413, 'The body is too large'],
  'uri-too-long': [414, 'The path is too long'],
  'unsupported-type': [415, 'The content type is not for this path'],
  'key-reused': [422, 'The Idempotency-Key was used for another request'],
  'stop-refused': [422, 'That is not to be stopped so'],
  'condition-required': [428, 'It must be said which version is meant'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'The headers are too large'],
  internal: [500, 'The collector failed'],
  unavailable: [503, 'The collector cannot answer now'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;
export type ProblemCode = keyof typeof problems;

/** One thing that is wrong: where, what, and what to do about it. */
export interface FieldError {
  /** As in `body.scope.clusters[0]` or `query.limit`; empty: the request as a whole. */
  readonly field: string;
  readonly message: string;
  readonly fix: string;
}

/** One copy that is not stopped, why, and the words that would pass it. */
export interface StopRefusal {
  readonly incident: string;
  readonly code: string;
  readonly sentence: string;
  readonly force?: readonly string[];
}

/** Thrown by routes to refuse. Whatever of it came from the client was made printable before. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];
  readonly refusals: readonly StopRefusal[];
  readonly headers: Readonly<Record<string, string>>;
  /** Which rule of what was asked for stands in the way: a closed list of each resource. */
  readonly reason: string | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      readonly errors?: readonly FieldError[];
      readonly refusals?: readonly StopRefusal[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly reason?: string;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.name = 'Problem';
    this.code = code;
    this.errors = more.errors ?? [];
    this.refusals = more.refusals ?? [];
    this.headers = more.headers ?? {};
    this.reason = more.reason;
  }

  get status(): number {
    return problems[this.code][0];
  }
}

export const problemType = 'application/problem+json; charset=utf-8';

export function problemBody({ code, message, errors, reason, refusals }: Problem): object {
  const [status, title] = problems[code];
  return {
    type: `urn:whorl:problem:${code}`,
    title,
    status,
    detail: message,
    code,
    ...(reason === undefined ? {} : { reason }),
    ...(errors.length === 0 ? {} : { errors }),
    ...(refusals.length === 0 ? {} : { refusals }),
  };
}

/** For the description of the API. */
export const problemSchema = Type.Object(
  {
    type: Type.String({ description: '`urn:whorl:problem:` and the code' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What is wrong with this request, in a sentence' }),
    code: Type.Enum(Object.keys(problems)),
    reason: Type.Optional(Type.String({ description: 'Which rule of the resource refused it' })),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          { field: Type.String(), message: Type.String(), fix: Type.String() },
          { additionalProperties: false },
        ),
      ),
    ),
  },
  { additionalProperties: false, description: 'Why the request was refused (RFC 9457)' },
);
