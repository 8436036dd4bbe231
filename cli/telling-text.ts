import { printable } from '../fingerprint/printable.ts';
import { formatSeconds } from '../fingerprint/time.ts';
import type { Answer } from './answer.ts';
import { counted } from './known-file.ts';

/** What of the record and of the notices a person has to look at; nothing when all is well. */
export function tellingTrouble(collector: Answer): string[] {
  const audit = collector.at('audit');
  const mismatch = audit.text('mismatch');
  return [
    ...(mismatch === ''
      ? []
      : [
          `audit      the log is not what it was: ${printable(mismatch, 400)}; nothing is signed until whorl audit accept-fork`,
        ]),
    ...audit
      .list('sinks')
      .filter((sink) => sink.flag('failing'))
      .map((sink) => `audit      ${printable(sink.text('sink'), 200)} does not take checkpoints`),
    ...collector.at('notify').list('sinks').flatMap(sinkTrouble),
  ];
}

function sinkTrouble(sink: Answer): string[] {
  const name = printable(sink.text('sink'), 64);
  const why = (field: string) => printable(sink.text(field), 300);
  const waiting = `${counted(sink.number('waiting') + sink.number('gathered'), 'notice waits', 'notices wait')}`;
  switch (sink.text('state')) {
    case 'gone':
      return [
        `notify     ${name} is told nothing any more: ${why('reason')}; mend it, then whorl notify resume ${name}`,
      ];
    case 'paused':
      return [`notify     ${name} is paused by ${why('author')} (${why('reason')}); ${waiting}`];
    default: {
      const since = sink.number('failingSince');
      if (since === 0) return [];
      return [
        `notify     ${name} fails since ${formatSeconds(since * 1000)}: ${why('lastError')}; ${waiting}`,
      ];
    }
  }
}
