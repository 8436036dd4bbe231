/** The API of the forge, as far as a comment needs it. */
export interface CommentApi {
  readonly url: string;
  readonly token: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly pull: number;
}

/** What became of the comment; `refused` is a reason in words, and never one to fail the build. */
export type CommentResult =
  | { readonly kind: 'created' | 'updated' | 'needless' }
  | { readonly kind: 'refused'; readonly why: string };

const perPage = 100;
/** A pull request with more comments than that has other troubles; a second comment of ours is the price. */
const maxPages = 10;
const timeoutMs = 15_000;
/** Longer answers are not a page of comments. */
const maxAnswerBytes = 16 << 20;
/** Whose comments may be ours. A stranger who writes our marker would keep the right to edit what stands there. */
const trustedAuthors: readonly string[] = ['OWNER', 'MEMBER', 'COLLABORATOR'];

/**
 * Makes the one comment say `body`: found again by `marker`, its first line, and changed in place.
 * @param speaks false when there is nothing to tell: then no comment is begun, but one that is there is brought up to date
 */
export async function stickyComment(
  api: CommentApi,
  { marker, body, speaks }: { readonly marker: string; readonly body: string; readonly speaks: boolean },
): Promise<CommentResult> {
  try {
    const found = await findOwn(api, marker);
    if (found !== undefined) {
      await call(api, 'PATCH', `issues/comments/${found}`, { body });
      return { kind: 'updated' };
    }
    if (!speaks) return { kind: 'needless' };
    await call(api, 'POST', `issues/${api.pull}/comments`, { body });
    return { kind: 'created' };
  } catch (error) {
    if (error instanceof ApiRefusal) return { kind: 'refused', why: error.message };
    // Whatever fetch says of a connection: a comment is worth no failed build.
    return { kind: 'refused', why: error instanceof Error ? error.message : String(error) };
  }
}

class ApiRefusal extends Error {}

async function findOwn(api: CommentApi, marker: string): Promise<number | undefined> {
  for (let page = 1; page <= maxPages; page++) {
    const comments = await call(api, 'GET', `issues/${api.pull}/comments?per_page=${perPage}&page=${page}`);
    if (!Array.isArray(comments)) throw new ApiRefusal('the API answered no list of comments');
    const own = comments.find((c) => isOwn(c, marker));
    if (own !== undefined) return Reflect.get(own, 'id');
    if (comments.length < perPage) return undefined;
  }
  return undefined;
}

function isOwn(comment: unknown, marker: string): boolean {
  if (typeof comment !== 'object' || comment === null) return false;
  const text: unknown = Reflect.get(comment, 'body');
  if (typeof text !== 'string' || !text.startsWith(marker)) return false;
  const user: unknown = Reflect.get(comment, 'user');
  const isBot = typeof user === 'object' && user !== null && Reflect.get(user, 'type') === 'Bot';
  const isKnown = trustedAuthors.includes(String(Reflect.get(comment, 'author_association')));
  return (isBot || isKnown) && Number.isSafeInteger(Reflect.get(comment, 'id'));
}

async function call(api: CommentApi, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${api.url}/repos/${api.repository}/${path}`, {
    method,
    signal: AbortSignal.timeout(timeoutMs),
    // The token goes where the runner said and nowhere else.
    redirect: 'error',
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${api.token}`,
      'content-type': 'application/json',
      'user-agent': 'whorl',
      'x-github-api-version': '2022-11-28',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new ApiRefusal(refusalOf(response.status));
  }
  const text = await response.text();
  if (text.length > maxAnswerBytes) throw new ApiRefusal('the API answered more than a page of comments');
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiRefusal('the API answered no JSON');
  }
}

function refusalOf(status: number): string {
  return [401, 403, 404].includes(status)
    ? `the token may not comment (${status}): give the job "permissions: pull-requests: write"; of a fork it never may`
    : `the API answered ${status}`;
}
