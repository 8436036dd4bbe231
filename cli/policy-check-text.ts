import type {
  ChangeList,
  PolicyCheck,
  PolicyCheckReport,
  PolicyOutcome,
} from '../collector/core/check-policy.ts';
import { printable } from '../fingerprint/printable.ts';
import { styled, type Text } from './text.ts';

/** What would have happened under another policy, for people. */
export function policyCheckLines(check: PolicyCheckReport): readonly Text[] {
  const { occurrences, next, current, stopped, spared, otherwise, idleRules, warnings, isCut } = check;
  const head: readonly Text[] = [
    ...warnings.map((warning) => [styled('yellow', 'warning'), ` ${printable(warning, 400)}`]),
    [styled('bold', headline(check))],
  ];
  if (occurrences === 0) return head;
  return [
    ...head,
    ...(isCut ? [`Only the newest ${occurrences} were looked at; name a later time to see them all.`] : []),
    `  under this policy  ${outcome(next)}`,
    `  under today's      ${outcome(current)}`,
    ...rehearsedOnly(next),
    ...byRule(next),
    ...section('would be stopped or held that is not today', stopped),
    ...section('would not be stopped or held any more', spared),
    ...section('would be stopped in another way', otherwise),
    ...(idleRules.length === 0 ? [] : ['', `These rules decided nothing: ${idleRules.join(', ')}.`]),
  ];
}

function headline({ occurrences, stopped, spared, otherwise }: PolicyCheck): string {
  if (occurrences === 0) return 'No drift since then: nothing to try it on.';
  const changed = stopped.total + spared.total + otherwise.total;
  return `${occurrences} ${occurrences === 1 ? 'occurrence' : 'occurrences'} of drift since then, ${changed === 0 ? 'and nothing would change' : `${changed} would end in another way`}.`;
}

const words: Readonly<Record<string, string>> = {
  none: 'only told',
  hold: 'held',
  freeze: 'frozen',
  'kill-subtree': 'processes killed',
  kill: 'container killed',
};

function outcome({ actions, braked }: PolicyOutcome): string {
  const done = Object.entries(actions).map(([action, count]) => `${count} ${words[action] ?? action}`);
  const brakes = Object.entries(braked).map(([brake, count]) => `${count} by ${brake}`);
  return `${done.join(', ') || 'nothing'}${brakes.length === 0 ? '' : `; braked: ${brakes.join(', ')}`}`;
}

function rehearsedOnly({ dryRun }: PolicyOutcome): readonly Text[] {
  return dryRun === 0 ? [] : [`  ${dryRun} of these only on record: the policy says dryRun`];
}

function byRule({ rules }: PolicyOutcome): readonly Text[] {
  if (rules.every(({ rule }) => rule === undefined)) return [];
  return [
    '',
    'Decided by:',
    ...rules.map(
      ({ rule, occurrences }) =>
        `  ${String(occurrences).padStart(6)}  ${rule ?? 'no rule: the mode for the rest'}`,
    ),
  ];
}

function section(title: string, { total, changes }: ChangeList): readonly Text[] {
  if (total === 0) return [];
  return [
    '',
    [styled('bold', `${total} ${title}:`)],
    ...changes.map(({ occurrence, sentence, dryRun }) => [
      styled('dim', `  ${occurrence.slice(0, 12)} `),
      `${dryRun === true ? '(dry run) ' : ''}${printable(sentence, 600)}`,
    ]),
    ...(changes.length < total ? [`  and ${total - changes.length} more`] : []),
  ];
}
