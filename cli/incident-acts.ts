import type { Command } from 'commander';
import type { ApiClient } from './api-client.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { ListedIncident } from './incident-rows.ts';
import { readDetail } from './incident-rows.ts';
import { incidentByPrefix, postReview, theCollector } from './incident-source.ts';
import { reviewText, shownId } from './incident-text.ts';
import type { Io } from './io.ts';
import { Refused } from './problem-words.ts';
import { styled } from './text.ts';

interface Options extends WhereOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly seen?: string;
}

interface PersonsAct {
  readonly verb: string;
  /** As the collector calls it. */
  readonly act: string;
  readonly about: string;
  readonly done: string;
  readonly example: readonly [call: string, what: string];
}

const acts: readonly PersonsAct[] = [
  {
    verb: 'claim',
    act: 'claimed',
    about: 'say that you are looking into it',
    done: 'claimed',
    example: ['whorl incidents claim 3f9a --reason "looking, INC-12"', 'others see by whom'],
  },
  {
    verb: 'let-go',
    act: 'let-go',
    about: 'say that nobody is looking into it any more',
    done: 'let go',
    example: ['whorl incidents let-go 3f9a --reason "end of shift"', 'for the next one'],
  },
  {
    verb: 'note',
    act: 'note',
    about: 'put something on record with it',
    done: 'noted',
    example: ['whorl incidents note 3f9a --reason "asked the vendor"', 'stands in its history'],
  },
  {
    verb: 'false-positive',
    act: 'false-positive',
    about: 'close it: what it showed is harmless, and stays silent; anything more is a new incident',
    done: 'closed as a false positive',
    example: ['whorl incidents false-positive 3f9a 77b1 --reason CHG-4711', 'two of them'],
  },
  {
    verb: 'contained',
    act: 'contained',
    about: 'close it: it was real and is dealt with; when it is done again it is open again',
    done: 'closed as contained',
    example: ['whorl incidents contained 3f9a --reason "image rebuilt, INC-12"', 'done with'],
  },
  {
    verb: 'undo',
    act: 'undone',
    about: 'take back the last decision about it',
    done: 'the last decision is undone',
    example: ['whorl incidents undo 3f9a --reason "it was no false positive"', 'it is open again'],
  },
];

/** `incidents claim`, `incidents false-positive`, …: what a person decides about incidents. */
export function registerActs(incidents: Command, io: Io): void {
  for (const act of acts) {
    const verb = changing(
      whereOptions(
        incidents
          .command(act.verb)
          .description(act.about)
          .argument('<ids...>', 'incidents, by the beginning of their ids')
          .option('--seen <version>', 'only if it still is this version, as whorl incidents ID shows it')
          .option('--json', 'one JSON line per incident'),
      ),
    ).action((ids: readonly string[], _own: unknown, command: Command) =>
      decide(io, act, ids, command.optsWithGlobals<Options>()),
    );
    examples(verb, [act.example]);
  }
}

async function decide(io: Io, act: PersonsAct, ids: readonly string[], options: Options): Promise<void> {
  const reason = options.reason?.trim() ?? '';
  if (reason === '')
    throw new CliError(exitCodes.usage, 'why is not said', 'add --reason TEXT; it is kept with the incident');
  const seen = seenVersion(options, ids);
  const collector = await theCollector(io, options, 'whorl login to a collector elsewhere');
  // All of them before the first is changed: a typing mistake in the last leaves nothing half done.
  const rows: ListedIncident[] = [];
  for (const id of new Set(ids)) rows.push(await incidentByPrefix(collector, id));
  for (const row of new Map(rows.map((r) => [r.id, r])).values())
    await decideOne(io, collector, { ...row, version: seen ?? row.version }, { act, reason, options });
}

interface Deciding {
  readonly act: PersonsAct;
  readonly reason: string;
  readonly options: Options;
}

async function decideOne(
  io: Io,
  collector: ApiClient,
  row: ListedIncident,
  { act, reason, options }: Deciding,
): Promise<void> {
  const { id, lead } = row;
  if (options.dryRun === true) return io.err(`would say of ${shownId(id)} (${lead.sentence}): ${act.done}`);
  try {
    const version = await postReview(collector, row, { act: act.act, reason });
    if (options.json === true) io.out(JSON.stringify({ id, act: act.act, version, reason }));
    else io.out([styled('dim', shownId(id)), ` ${act.done}: ${lead.sentence}`]);
  } catch (error) {
    if (!(error instanceof Refused) || (error.status !== 412 && error.status !== 409)) throw error;
    // The others are still to be decided on.
    const why = error.status === 412 ? await whatChanged(collector, row) : error.message;
    io.err([styled('red', 'not done'), ` ${shownId(id)}: ${why}`]);
    io.exit(error.exitCode);
  }
}

/** Who was quicker, and with what. */
async function whatChanged(collector: ApiClient, { id, version }: ListedIncident): Promise<string> {
  const answer = await collector.call({ method: 'GET', path: `/incidents/${encodeURIComponent(id)}` });
  const { history, version: now } = about(collector.where, () => readDetail(answer));
  const since = history.filter((review) => review.version > version).map(reviewText);
  const what =
    since.length > 0
      ? `somebody was quicker: ${since.join('; ')}`
      : `more has drifted since version ${version}, or it was opened again`;
  return `${what}; look at version ${now} first: whorl incidents ${shownId(id)}`;
}

function seenVersion({ seen }: Options, ids: readonly string[]): number | undefined {
  if (seen === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(seen) && ids.length === 1) return Number(seen);
  throw new CliError(
    exitCodes.usage,
    '--seen takes the version of one incident',
    'whorl incidents ID shows it',
  );
}
