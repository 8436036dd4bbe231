import { figure, plural } from './figures.ts';
import { type Cut, forecast } from './forecast.ts';
import type { LearningHistory } from './learning-history.ts';
import type { Phase } from './phase.ts';
import { printable } from './printable.ts';
import { baseName } from './program.ts';
import type { Thresholds } from './readiness.ts';
import { elapsedOf, inTime, type Reason } from './reason.ts';

/** What replay says; of start-ups per start, of daily work per container-day. */
export function forecastReason(h: LearningHistory, t: Thresholds, phase: Phase): Reason {
  const cuts = forecast(h, phase);
  const { what, unit, bar, cut, help } = wordsOf(phase, t);
  const rate = Math.max(...cuts.map((c) => c.rate));
  const stops = Math.max(...cuts.map((c) => c.stops));
  const shown = cuts.map((c) => `${c.share} ${plural(c.incidents, 'incident')}`).join(', ');
  const ok = rate <= bar && stops === 0;
  const about = { id: 'forecast', phase, ok } as const;
  if (ok) {
    const bound = `with 95 % confidence fewer than ${figure(cuts[0]?.bound ?? Number.POSITIVE_INFINITY)}`;
    return {
      ...about,
      sentence: `${what}: had it been fixed after ½, ¾ or ⅞ of the ${cut}, it would have raised no more than ${figure(rate)} ${unit} since (${shown}; ${bound})`,
    };
  }
  const latest = cuts.at(-1)?.latest ?? cuts[0]?.latest;
  const by = latest === undefined ? '' : `; the latest was by \`${printable(baseName(latest), 120)}\``;
  const grave = stops === 0 ? '' : `; ${stops} for new programs or foreign code, where none is allowed`;
  return {
    ...about,
    sentence: `${what}: had it been fixed earlier, it would have raised up to ${figure(rate)} ${unit} (${shown}; at most ${figure(bar)} is allowed)${grave}${by}; ${help}`,
    ...(phase === 'steady' ? untilKnown(h, cuts) : {}),
  };
}

function wordsOf(phase: Phase, t: Thresholds) {
  return phase === 'steady'
    ? {
        what: 'daily work',
        unit: 'per container and day',
        bar: t.maxIncidentsPerContainerDay,
        cut: 'time',
        help: 'it has to go on without anything new',
      }
    : {
        what: 'start-up',
        unit: 'per start',
        bar: t.maxUnseenPerStart,
        cut: 'starts',
        help: 'restart a copy to see whether it comes again',
      };
}

/** What came at some time is known to every cut once learning has lasted twice as long. */
function untilKnown(h: LearningHistory, cuts: readonly Cut[]): { inUs?: number } {
  const latest = cuts[0]?.latestAt;
  return latest === undefined ? {} : inTime(2 * (latest - h.startedAt) - elapsedOf(h));
}
