import { printable } from '../fingerprint/printable.ts';
import { formatSeconds } from '../fingerprint/time.ts';
import { type Styled, styled, type Text } from './text.ts';

/** One member of an answer of the collector; a newer one may say more than this release knows, and that is no mistake. */
function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown, name: string, max = 256): string {
  const found = member(value, name);
  return typeof found === 'string' ? printable(found, max) : '';
}

function count(value: unknown, name: string): number {
  const found = member(value, name);
  return typeof found === 'number' ? found : 0;
}

/** The list `name` of an answer; an answer without it has none. */
export function listIn(answer: unknown, name: string): readonly unknown[] {
  const found = member(answer, name);
  return Array.isArray(found) ? found : [];
}

/** A sink and how telling it goes: a line, and one more for each thing a person may have to look at. */
export function sinkLines(sink: unknown): readonly Text[] {
  const [state, author, reason] = [text(sink, 'state'), text(sink, 'author'), text(sink, 'reason')];
  const failingSince = count(sink, 'failingSince');
  const lines: Text[] = [
    [
      `${text(sink, 'sink')} (${text(sink, 'type')}) `,
      stateOf(state, failingSince),
      `: ${count(sink, 'delivered')} delivered, ${count(sink, 'waiting') + count(sink, 'gathered')} waiting`,
    ],
  ];
  if (reason !== '') lines.push(`  ${state === 'gone' ? reason : `${author}: ${reason}`}`);
  if (failingSince > 0)
    lines.push(`  fails since ${formatSeconds(failingSince * 1000)}: ${text(sink, 'lastError', 400)}`);
  if (count(sink, 'dead') > 0)
    lines.push(`  ${count(sink, 'dead')} given up: whorl notify dead ${text(sink, 'sink')}`);
  if (count(sink, 'dropped') > 0) lines.push(`  ${count(sink, 'dropped')} dropped, because too many waited`);
  return lines;
}

function stateOf(state: string, failingSince: number): Styled {
  if (state === 'gone') return styled('red', 'gone');
  if (state !== 'running') return styled('yellow', state);
  return failingSince > 0 ? styled('red', 'failing') : styled('green', 'running');
}

/** What the collector itself could not keep; nothing when that is nothing. */
export function deskLines(answer: unknown): readonly Text[] {
  const [unwritten, lost] = [count(answer, 'unwritten'), count(answer, 'lost')];
  return [
    ...(unwritten === 0 ? [] : [`${unwritten} changes wait to be written to the outbox`]),
    ...(lost === 0
      ? []
      : [`${lost} changes of the system were not told, because too many waited to be written`]),
  ];
}

/** A notice that was given up. */
export function deadLine(row: unknown): Text {
  const notice = member(row, 'notice');
  return [
    styled('dim', `${text(notice, 'id')} `),
    `${text(notice, 'type')}: ${text(notice, 'title', 400)}`,
    styled('dim', ` (${count(row, 'attempts')} attempts, ${text(row, 'lastError', 400)})`),
  ];
}
