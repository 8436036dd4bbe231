import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';
import { FingerprintError } from '../../../fingerprint/errors.ts';
import { printable } from '../../../fingerprint/printable.ts';
import { AccessError } from '../../ports/api.ts';
import { BackupError } from '../../ports/backups.ts';
import { IdentityError } from '../../ports/identities.ts';
import { PolicyRefused } from '../../ports/response-policy.ts';
import { type Log, StoreError } from '../../ports.ts';
import { backupProblem, identityProblem } from './explain-agents.ts';
import { type FieldError, Problem, type ProblemCode, problemBody, problemType } from './problem.ts';

/** More than these nobody reads, and one bad body could make thousands. */
const maxErrors = 20;

/** Whatever was thrown, as a problem. What is nobody's fault but ours is logged, and told without its inside. */
export function problemOf(error: unknown, log: Log, id: string): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof FingerprintError) return documentProblem(error);
  if (error instanceof AccessError) return accessProblem(error);
  if (error instanceof IdentityError) return identityProblem(error);
  if (error instanceof BackupError) return backupProblem(error);
  if (error instanceof PolicyRefused) return policyProblem(error);
  if (error instanceof StoreError) return new Problem('unavailable', error.message, { cause: error });
  if (isFastify(error)) {
    const known = frameworkProblem(error);
    if (known !== undefined) return known;
  }
  log.error({ err: error, request: id }, 'API request failed');
  return new Problem('internal', `the collector failed; its log says more under request ${id}`);
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).headers(problem.headers).type(problemType).send(problemBody(problem));
}

function documentProblem(error: FingerprintError): Problem {
  const where = error.field === '' ? '' : `${printable(error.field, 200)} `;
  const message = printable(`${error.message} (${error.code})`, 500);
  return new Problem('document-refused', `the document is refused: ${where}${message}`, {
    errors: [{ field: printable(error.field, 200), message, fix: 'sign it again, as it was meant' }],
    cause: error,
  });
}

function accessProblem(error: AccessError): Problem {
  if (error.code !== 'expires') return new Problem('conflict', error.message, { cause: error });
  return new Problem('invalid', error.message, {
    errors: [{ field: 'body.expiresAt', message: error.message, fix: 'name an earlier time' }],
  });
}

/** All of them, each with its place in the document (the parser bounds how many): a policy is mended in one go. */
function policyProblem({ code, problems, message }: PolicyRefused): Problem {
  switch (code) {
    case 'changed':
      return new Problem('changed-meanwhile', message);
    case 'no-such-version':
      return new Problem('not-found', message);
    case 'no-reason':
      return new Problem('invalid', message, {
        errors: [{ field: 'body.reason', message, fix: 'say why' }],
      });
    case 'invalid':
      return new Problem('invalid', `the response policy has ${counted(problems.length)} to mend`, {
        errors: problems.map((problem) => ({
          ...placeOf(problem),
          fix: 'mend it; docs/operations.md, the response policy, says what may stand there',
        })),
      });
  }
}

function counted(problems: number): string {
  return problems === 1 ? 'one problem' : `${problems} problems`;
}

/** A sentence of the parser begins with the path it is about, or with `the policy` or `and`, which are none. */
function placeOf(problem: string): { readonly field: string; readonly message: string } {
  const at = problem.indexOf(' ');
  const [path, rest] = [problem.slice(0, at), problem.slice(at + 1)];
  return path === 'the' || path === 'and'
    ? { field: 'body.policy', message: problem }
    : { field: `body.policy.${path}`, message: rest };
}

function isFastify(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

const frameworkCodes: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-type', 'send application/json, or what the path is for'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['too-large', 'the body is larger than this path takes'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid', 'the body is not as long as its Content-Length says'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid', 'the body is empty; send a JSON object'],
  FST_ERR_BAD_URL: ['invalid', 'the path is no valid URL'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri-too-long', 'a part of the path is too long'],
};

function frameworkProblem(error: FastifyError): Problem | undefined {
  if (error.validation !== undefined) {
    const where = whereOf(error.validationContext);
    const errors = error.validation.slice(0, maxErrors).map((one) => fieldError(where, one));
    const [first] = errors;
    const detail = first === undefined ? 'the request is refused' : sentenceOf(first);
    return new Problem('invalid', detail, { errors });
  }
  const known = frameworkCodes[error.code];
  return known === undefined ? undefined : new Problem(known[0], known[1], { cause: error });
}

function sentenceOf({ field, message, fix }: FieldError): string {
  return `${field} ${message}; ${fix}`;
}

function whereOf(context: FastifyError['validationContext']): string {
  switch (context) {
    case 'querystring':
      return 'query';
    case 'params':
      return 'path';
    case 'headers':
      return 'headers';
    default:
      return 'body';
  }
}

function fieldError(where: string, error: FastifySchemaValidationError): FieldError {
  const at = `${where}${fieldPath(error.instancePath)}`;
  const named = (name: string): string => `${at}.${printable(name, 64)}`;
  const { params } = error;
  const text = (name: string): string => printable(String(params[name]), 200);
  switch (error.keyword) {
    case 'additionalProperties':
      return {
        field: named(String(params.additionalProperty)),
        message: 'is not known here',
        fix: 'leave it out, or look for its spelling in /api/v1/openapi.json',
      };
    case 'required':
      return { field: named(String(params.missingProperty)), message: 'is missing', fix: 'add it' };
    case 'type':
      return { field: at, message: `must be of type ${text('type')}`, fix: 'send it so' };
    case 'enum': {
      const allowed: unknown = params.allowedValues;
      const words = Array.isArray(allowed) ? printable(allowed.map(String).join(', '), 400) : '';
      return { field: at, message: `must be one of ${words}`, fix: 'choose one of these' };
    }
    default:
      return {
        field: at,
        message: printable(error.message ?? 'is refused', 200),
        fix: 'see /api/v1/openapi.json',
      };
  }
}

/** `/scope/clusters/0` as people write it; names in it may be the client's. */
function fieldPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d{1,9}$/.test(part) ? `[${part}]` : `.${printable(part, 64)}`))
    .join('');
}

/** For log and metrics: the pattern, never what the client wrote. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
}
