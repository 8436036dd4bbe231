import { parseTime } from '../../fingerprint/time.ts';

/** What a collector signs for an agent lives at most a minute. */
const maxLifeUs = 60_000_000;
/** The clocks of collector and node may differ by this much (reference: signing §8). */
export const skewUs = 5_000_000;

export type Lifetime =
  | { readonly kind: 'now' /** µs since the epoch. */; readonly issued: number; readonly expires: number }
  | { readonly kind: 'not-now'; readonly detail: string };

/** Whether something signed is meant for now. @param lateUs how long after its end it is still taken */
export function lifetimeOf(
  signed: { readonly issuedAt: string; readonly expiresAt: string },
  now: number,
  lateUs: number,
): Lifetime {
  const [issued, expires] = [parseTime(signed.issuedAt), parseTime(signed.expiresAt)];
  const not = (detail: string): Lifetime => ({ kind: 'not-now', detail });
  if (issued === undefined || expires === undefined || expires - issued > maxLifeUs)
    return not('it is valid for too long');
  if (issued > now + skewUs) return not('it is from the future; is a clock wrong?');
  return expires < now - lateUs ? not('its time is over') : { kind: 'now', issued, expires };
}
