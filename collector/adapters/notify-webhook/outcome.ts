import type { Delivery } from '../../ports/notifier.ts';

/** Statuses with which a receiver may say when to come again. */
const throttling: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** What is wrong with the message is wrong with it tomorrow. All else may be mended: a wrong token, a path not deployed yet. */
const final: ReadonlySet<number> = new Set([400, 405, 406, 411, 413, 414, 415, 422]);

/** What an answer means (Standard Webhooks): only 2xx is success, 410 is the end, a redirect is a failure. */
export function outcomeOf(status: number, retryAfter: string | undefined, now: number): Delivery {
  if (status >= 200 && status < 300) return { result: 'delivered' };
  if (status === 410)
    return { result: 'gone', reason: 'the receiver answers 410: it wants nothing any more' };
  if (final.has(status))
    return { result: 'refused', reason: `the receiver answers ${status}: it does not take this message` };
  if (status >= 300 && status < 400)
    return {
      result: 'retry',
      reason: `the receiver answers ${status}; redirects are not followed, name the final address`,
    };
  const afterMs = throttling.has(status) ? pauseOf(retryAfter, now) : undefined;
  const reason = `the receiver answers ${status}`;
  return afterMs === undefined ? { result: 'retry', reason } : { result: 'retry', reason, afterMs };
}

/** Retry-After: seconds or an HTTP date. */
function pauseOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.length > 64) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
