import type { Command } from 'commander';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { isDigest, isSubjectName, parseImageRef } from '../fingerprint/image-ref.ts';
import { type Imported, type LeftOut, leftOutReasons } from '../fingerprint/import-draft.ts';
import { printable } from '../fingerprint/printable.ts';
import { formatTimestamp } from '../fingerprint/timestamp.ts';
import type { Subject } from '../fingerprint/workload.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import { type ForeignContainer, type ForeignFormat, foreignFormats } from './import-formats.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** The largest published profile of either format has less than one. */
const maxBytes = 16 << 20;

interface Options {
  readonly out: string;
  readonly image?: string;
  readonly container?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const formats = Object.keys(foreignFormats);
  const verb = changing(
    program
      .command('import')
      .description(
        'make a baseline of what another product learned; what has no exact counterpart is left out and told',
      )
      .argument(
        '<format>',
        formats.map((name) => `${name}: ${foreignFormats[name as ForeignFormat].what}`).join('; '),
      )
      .argument('<file>', 'the file, - for stdin')
      .requiredOption('--out <baseline.json>', 'where the baseline goes')
      .option('--image <name@sha256:hex>', 'the image it is about (default: as the file says)')
      .option('--container <name>', 'which container, when the file holds several')
      .option('--json', 'one JSON object on stdout'),
  ).action((format: string, path: string, options: Options) => importFrom(io, format, path, options));
  examples(verb, [
    ['whorl import rad fingerprint.json --out redis.json', 'digest and name are in the file'],
    [
      'whorl import kubescape profile.yaml --image cart@sha256:9f86… --out cart.json',
      'say which image it was',
    ],
    [
      'whorl import kubescape profile.yaml --container web --out web.json --dry-run',
      'what would be left out?',
    ],
  ]);
}

async function importFrom(io: Io, format: string, path: string, options: Options): Promise<void> {
  const name = parseFormat(format);
  const bytes = await io.readFile(path, { maxBytes });
  const source = fileName(path);
  const containers = await foreignFormats[name].read(bytes, source);
  const container = chosen(containers, options.container, source);
  const subject = subjectOf(container, options.image, source);
  const imported = about(source, () => container.convert(subject, formatTimestamp(io.now())));
  if (options.dryRun !== true) {
    const line = Buffer.concat([canonicalBytes(imported.baseline), Buffer.from('\n')]);
    await io.writeFile(options.out, line, { overwrite: true });
  }
  tell(io, options, imported);
}

function parseFormat(text: string): ForeignFormat {
  const formats = Object.keys(foreignFormats);
  if (formats.includes(text)) return text as ForeignFormat;
  throw new CliError(
    exitCodes.usage,
    `the format must be one of ${formats.join(', ')}`,
    'see whorl import --help',
  );
}

function chosen(
  containers: readonly ForeignContainer[],
  wanted: string | undefined,
  source: string,
): ForeignContainer {
  const [only] = containers;
  const names = containers.map((c) => printable(c.name, 60)).join(', ');
  if (wanted === undefined) {
    if (only !== undefined && containers.length === 1) return only;
    throw new CliError(
      exitCodes.usage,
      `${source} holds several containers: ${names}`,
      'say which with --container',
    );
  }
  const found = containers.find((c) => c.name === wanted);
  if (found !== undefined) return found;
  throw new CliError(
    exitCodes.usage,
    `${source} holds no container called so; it holds ${names}`,
    'check --container',
  );
}

/** What the option says goes before what the file says: a profile copied from elsewhere may carry another's digest. */
function subjectOf(container: ForeignContainer, image: string | undefined, source: string): Subject {
  if (image !== undefined) return about('--image', () => parseImageRef(image), exitCodes.usage);
  const { name, digest } = container.image;
  if (name !== undefined && digest !== undefined && isSubjectName(name) && isDigest(digest))
    return { name, digest };
  throw new CliError(
    exitCodes.usage,
    `${source} does not name the image by its digest`,
    'say which it is with --image NAME@sha256:HEX',
  );
}

function tell(io: Io, options: Options, imported: Imported): void {
  const { programs, files, peers, leftOut, notes, baseline } = imported;
  if (options.json === true) {
    io.out(
      JSON.stringify({
        out: options.out,
        subject: baseline.subject,
        coverage: baseline.coverage,
        programs,
        files,
        peers,
        leftOut,
        notes,
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      }),
    );
    return;
  }
  const verb = options.dryRun === true ? 'would import' : 'imported';
  const counts = `${counted(programs, 'program')}, ${counted(files, 'file')}, ${counted(peers, 'peer')}`;
  io.err(`${verb} ${counts}${leftOut.length === 0 ? '' : `; left out: ${leftOutText(leftOut)}`}`);
  io.err(`judged are ${baseline.coverage.join(', ')}; of all else the format says nothing`);
  for (const note of notes) io.err(`note: ${note}`);
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** How many examples of each reason a person wants on one line; --json has all. */
const shown = 3;

function leftOutText(leftOut: readonly LeftOut[]): string {
  const reasons = [...new Set(leftOut.map(({ why }) => why))];
  return reasons
    .map((why) => {
      const of = leftOut.filter((l) => l.why === why);
      const some = of.slice(0, shown).map(({ what }) => printable(what, 80));
      const rest = of.length > shown ? ', …' : '';
      const [one, several] = leftOutReasons[why];
      return `${of.length} ${of.length === 1 ? one : several} (${some.join(', ')}${rest})`;
    })
    .join('; ');
}
