import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { TokenProver } from '../ports/identities.ts';

export interface TokenReviewOptions {
  /** `https://host:port`. */
  readonly server: string;
  /** Of this collector's own service account, which may create tokenreviews. Read at each request: kubelet renews it. */
  readonly tokenFile: string;
  readonly caFile: string;
}

const path = '/apis/authentication.k8s.io/v1/tokenreviews';
const timeoutMs = 10_000;
/** A TokenReview is some KiB. */
const maxAnswerBytes = 65_536;

/** Asks the API server of the cluster whether a token is genuine. */
export function tokenReview(options: TokenReviewOptions): TokenProver {
  return {
    prove: async (token, { audience }) => {
      const answer = await ask(options, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      });
      if ('problem' in answer)
        return { refused: 'unavailable', sentence: `the Kubernetes API cannot be asked: ${answer.problem}` };
      const status = member(answer.body, 'status');
      if (member(status, 'authenticated') !== true) return refusalOf(member(status, 'error'), audience);
      // A server too old to know audiences answers with none of ours: the token may be meant for anybody.
      const audiences = member(status, 'audiences');
      if (!Array.isArray(audiences) || !audiences.includes(audience)) return refusalOf('audience', audience);
      return { by: 'review', user: member(status, 'user') };
    },
  };
}

function refusalOf(error: unknown, audience: string) {
  const said = typeof error === 'string' ? error : '';
  if (said.includes('audience'))
    return {
      refused: 'token-audience',
      sentence: `the service-account token is not meant for ${audience}; set that as its audience`,
    } as const;
  if (said.includes('expired'))
    return { refused: 'token-expired', sentence: 'the service-account token has expired' } as const;
  return {
    refused: 'token-unknown',
    sentence: 'the Kubernetes API says that the service-account token is none of its own',
  } as const;
}

type Answer = { readonly body: unknown } | { readonly problem: string };

function ask({ server, tokenFile, caFile }: TokenReviewOptions, review: object): Promise<Answer> {
  const body = JSON.stringify(review);
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ problem: error.message });
    try {
      const asked = request(
        new URL(path, server),
        {
          method: 'POST',
          ca: readFileSync(caFile),
          timeout: timeoutMs,
          headers: {
            authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
        },
        (answer) => {
          const parts: Buffer[] = [];
          let size = 0;
          answer.on('data', (part: Buffer) => {
            size += part.length;
            if (size > maxAnswerBytes) asked.destroy(new Error('it answers more than a TokenReview'));
            else parts.push(part);
          });
          answer.on('error', fail);
          answer.on('end', () => resolve(readAnswer(answer.statusCode ?? 0, Buffer.concat(parts))));
        },
      );
      asked.on('timeout', () => asked.destroy(new Error('it does not answer')));
      asked.on('error', fail);
      asked.end(body);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function readAnswer(status: number, bytes: Buffer): Answer {
  if (status === 401 || status === 403)
    return { problem: 'this collector may not create tokenreviews (ClusterRole system:auth-delegator)' };
  if (status !== 200 && status !== 201) return { problem: `it answers ${status}` };
  try {
    return { body: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return { problem: 'its answer is no JSON' };
  }
}

function member(from: unknown, key: string): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, key)
    ? Reflect.get(from, key)
    : undefined;
}
