import type { Command } from 'commander';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { type CoverageWord, coverageWords } from '../fingerprint/coverage.ts';
import { grantsOf } from '../fingerprint/grants.ts';
import { type Learned, learnReport } from '../fingerprint/learn.ts';
import { quoted } from '../fingerprint/phrase.ts';
import type { Subject } from '../fingerprint/workload.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { observationOf } from './observation.ts';
import { type Observed, observe } from './observe.ts';
import { fileName } from './read-file.ts';
import { directoryOf, parseSource, readRecording, sourceOption } from './recording.ts';

interface Options {
  readonly subject: string;
  readonly from: readonly string[];
  readonly out: string;
  readonly source: string;
  readonly coverage?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const verb = changing(
    program
      .command('learn')
      .description('learn a baseline from recorded events; exit 4 when events were lost')
      .requiredOption('--subject <name@sha256:hex>', 'the software it is about')
      .requiredOption('--from <file...>', 'events as JSON lines, gzip accepted, - for stdin')
      .requiredOption('--out <baseline.json>', 'where the baseline goes')
      .addOption(sourceOption())
      .option(
        '--coverage <kinds>',
        'kinds and single privileges the recording could see, by comma (default: all its source shows)',
      )
      .option('--json', 'one JSON object on stdout'),
  ).action((options: Options) => learnFrom(io, options));
  examples(verb, [
    [
      `whorl learn --subject cart@sha256:9f86… --from monday.jsonl tuesday.jsonl.gz --out cart.json`,
      'from several recordings',
    ],
    ['zcat *.gz | whorl learn --subject cart@sha256:9f86… --from - --out cart.json', 'from stdin'],
  ]);
}

async function learnFrom(io: Io, options: Options): Promise<void> {
  const subject = parseSubjectOption(options.subject);
  const source = parseSource(options.source);
  const recording = await readRecording(io, options.from, {
    source,
    digest: subject.digest,
  });
  const coverage = parseCoverage(options.coverage, recording.coverage);
  const observed = observe(recording.events(), { subject, coverage, ...directoryOf(recording) });
  // An empty baseline is no evidence of anything, and signed it would make everything drift.
  if (observed.events === 0 || (observed.instances.size === 0 && recording.otherImages > 0)) {
    const rest = observed.events === 0 ? '' : '; the others belong to no copy of it';
    throw new CliError(
      exitCodes.usage,
      `nothing in ${options.from.map(fileName).join(', ')} was done by ${subject.digest}: ${counted(recording.otherImages, 'event names', 'events name')} another image${rest}`,
      'check --subject',
    );
  }
  const learned = learnReport(subject, observed.novelties, {
    coverage,
    observation: observationOf(observed, subject, options.source),
  });
  if (options.dryRun !== true)
    await io.writeFile(options.out, Buffer.concat([canonicalBytes(learned.baseline), Buffer.from('\n')]), {
      overwrite: true,
    });
  tell(io, options, { learned, observed, otherImages: recording.otherImages });
  if (observed.lost > 0 || observed.instances.size === 0) io.exit(exitCodes.incomplete);
}

function tell(
  io: Io,
  options: Options,
  result: { learned: Learned; observed: Observed; otherImages: number },
): void {
  const { learned, observed, otherImages } = result;
  const programs = learned.baseline.behaviour.programs.length;
  const entries = grantsOf(learned.baseline.behaviour).length;
  const neverNormal = observed.incidents.length;
  if (options.json === true) {
    const { events, lost, instances } = observed;
    io.out(
      JSON.stringify({
        out: options.out,
        events,
        otherImages,
        lost,
        instances: instances.size,
        programs,
        entries,
        behaviours: observed.novelties.length,
        leftOut: neverNormal,
        dataDirectories: learned.dataDirectories,
        siblingClasses: learned.siblingClasses,
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      }),
    );
    return;
  }
  const verb = options.dryRun === true ? 'would write' : 'wrote';
  const what = `${counted(programs, 'program')}, ${counted(entries, 'entry', 'entries')}`;
  const seen = `${counted(observed.events, 'event')} of ${counted(observed.instances.size, 'copy', 'copies')}`;
  io.err(`${verb} ${fileName(options.out)}: ${what} from ${seen}`);
  tellGeneralised(io, learned);
  if (otherImages > 0)
    io.err(
      `${counted(otherImages, 'event names', 'events name')} another image and ${wasOrWere(otherImages)} left out`,
    );
  if (neverNormal > 0) {
    io.err(
      `${counted(neverNormal, 'incident')} of behaviour that is never learned ${wasOrWere(neverNormal)} left out:`,
    );
    for (const incident of observed.incidents) io.err(`  ${incident.sentence}`);
  }
  if (observed.instances.size === 0)
    io.err('no copy was seen to start or to run: the baseline is empty, and signed everything would drift');
  if (observed.lost > 0)
    io.err(
      `${counted(observed.lost, 'event')} ${wasOrWere(observed.lost)} lost while recording: the baseline may lack what they would have shown`,
    );
}

function wasOrWere(count: number): string {
  return count === 1 ? 'was' : 'were';
}

/** Where it accepts names that nobody has seen, so that a person can say no before signing. */
function tellGeneralised(io: Io, { dataDirectories, siblingClasses }: Learned): void {
  if (dataDirectories.length > 0)
    io.err(`takes any name in these directories, by what was done there: ${some(dataDirectories)}`);
  if (siblingClasses.length > 0) io.err(`takes names like these: ${some(siblingClasses)}`);
}

/** The most that is told; all of them stand in the baseline and in --json. */
const told = 10;

function some(names: readonly string[]): string {
  const rest = names.length - told;
  return (
    names
      .slice(0, told)
      .map((name) => quoted(name))
      .join(', ') + (rest > 0 ? ` and ${rest} more` : '')
  );
}

function parseSubjectOption(text: string): Subject {
  const at = text.lastIndexOf('@');
  const name = text.slice(0, Math.max(0, at));
  const digest = text.slice(at + 1);
  if (name !== '' && !/\p{Cc}/u.test(name) && /^sha256:[0-9a-f]{64}$/.test(digest)) return { name, digest };
  throw new CliError(
    exitCodes.usage,
    '--subject must be NAME@sha256: and 64 lower-case hex digits',
    'the digest of the image is the identity of the software',
  );
}

function parseCoverage(text: string | undefined, seen: readonly CoverageWord[]): readonly CoverageWord[] {
  if (text === undefined) return seen;
  return text.split(',').map((word) => {
    const known = coverageWords.find((k) => k === word.trim());
    if (known !== undefined) return known;
    throw new CliError(exitCodes.usage, `--coverage must name some of ${coverageWords.join(', ')}`);
  });
}
