import type { Command } from 'commander';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';

interface Options {
  readonly image: readonly string[];
  readonly name?: string;
  readonly runs: string;
  readonly out: string;
  readonly check?: boolean;
  readonly update?: boolean;
  readonly sbom: readonly string[];
  readonly containerd: string;
  readonly docker?: string;
  readonly install: boolean;
  readonly dataDir?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** A test suite that has to run more often to be believed has another problem. */
const maxRuns = 100;

export function register(program: Command, io: Io): void {
  const verb = changing(
    program
      .command('record')
      .description(
        'watch containers under test and write what they do into a directory that is committed; exit 1 when --check finds more, 4 when something was not seen',
      )
      .argument('<command...>', 'after --: what starts and tests the containers')
      .requiredOption('--out <dir>', 'the directory: one baseline per image')
      .option(
        '--image <ref>',
        'record every container of this image, repeatable; without it the command itself',
        many,
        [],
      )
      .option('--name <name>', 'what it is called, instead of the image’s or the command’s name')
      .option('--runs <n>', 'run the command so often and tell what was not in every run', '1')
      .option('--check', 'compare with what is committed, write nothing')
      .option('--update', 'write what has changed')
      .option(
        '--sbom <file>',
        'CycloneDX or SPDX JSON of the image, NAME=FILE where there are several: whose is what ran, what never ran',
        many,
        [],
      )
      .option('--containerd <socket>', 'containerd’s socket', '/run/containerd/containerd.sock')
      .option('--docker <socket>', 'Docker’s socket (default: DOCKER_HOST, else /var/run/docker.sock)')
      .option('--no-install', 'do not install packages that are missing to build the event sensor')
      .option('--data-dir <dir>', 'where the built event sensor is kept (or WHORL_DATA_DIR)')
      .option('--json', 'one JSON object on stdout; the command’s own output goes to stderr'),
    'run the command, say what would be written and write nothing',
  ).action((command: readonly string[], options: Options) => record(io, command, options));
  examples(verb, [
    [
      'whorl record --image registry.example/shop/cart --out whorl -- make test',
      'the first time; commit whorl/',
    ],
    ['whorl record --image shop/cart --image shop/db --out whorl --check -- make test', 'in a pull request'],
    [
      'whorl record --image shop/cart --runs 3 --out whorl --update -- make test',
      'what is not in every run is told',
    ],
    ['whorl record --out whorl -- ./server --self-test', 'a program that is no container'],
  ]);
}

function many(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function record(io: Io, command: readonly string[], options: Options): Promise<void> {
  if (options.check === true && options.update === true)
    throw new CliError(exitCodes.usage, '--check and --update exclude each other', 'choose one');
  const runs = runsOption(options.runs);
  const { recordAll } = await import('./record/record-all.ts');
  await recordAll(io, {
    command,
    runs,
    images: options.image,
    name: options.name,
    out: options.out,
    mode: options.check === true ? 'check' : options.update === true ? 'update' : 'write',
    dryRun: options.dryRun === true,
    json: options.json === true,
    reason: options.reason,
    sboms: options.sbom,
    sockets: { containerd: options.containerd, docker: dockerSocket(io, options.docker) },
    install: options.install,
    dataDir: options.dataDir,
  });
}

function runsOption(text: string): number {
  const runs = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (runs >= 1 && runs <= maxRuns) return runs;
  throw new CliError(exitCodes.usage, `--runs must be a number from 1 to ${maxRuns}`);
}

function dockerSocket(io: Io, option: string | undefined): string {
  const host = io.env.DOCKER_HOST ?? '';
  return option ?? (host.startsWith('unix://') ? host.slice('unix://'.length) : '/var/run/docker.sock');
}
