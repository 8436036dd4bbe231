import { printable } from '../fingerprint/printable.ts';
import type { Answer } from './answer.ts';

/** What a token lets its holder do, and where. */
export function roleText(token: Answer): string {
  const scope = token.at('scope');
  const of = (name: string, one: string): string[] => {
    const words = scope.words(name);
    return words === '' ? [] : [`${one} ${printable(words, 300)}`];
  };
  const where = [...of('clusters', 'cluster'), ...of('namespaces', 'namespace')];
  return `${printable(token.text('role'), 32)}${where.length === 0 ? '' : ` of ${where.join(', ')}`}`;
}

/** One token in a line. */
export function tokenLine(token: Answer, now: number): string {
  const used = token.number('lastUsedDay');
  const parts = [
    printable(token.text('id'), 32),
    printable(token.text('name'), 100),
    roleText(token),
    endOf(token, now),
    used === 0 ? 'never used' : `last used ${day(used)}`,
    `by ${printable(token.text('createdBy'), 100)}: ${printable(token.text('reason'), 200)}`,
  ];
  return parts.join('  ');
}

function endOf(token: Answer, now: number): string {
  const [revoked, expires] = [token.number('revokedAt'), token.number('expiresAt')];
  if (revoked > 0) return `revoked ${day(revoked)}`;
  return `${expires <= now ? 'ended' : 'until'} ${day(expires)}`;
}

/** A collector may be of another version: a time that cannot be one is shown as it is. */
export function day(ms: number): string {
  return Math.abs(ms) < 8e15 ? new Date(ms).toISOString().slice(0, 10) : String(ms);
}
