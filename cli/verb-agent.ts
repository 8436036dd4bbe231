import type { Command } from 'commander';
import { liveSources, transports } from '../agent/config-words.ts';
import type { SourceError } from '../agent/ports/source.ts';
import { choice } from './choice.ts';
import { endWithParent } from './daemon.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { configProblem, readSettings, type SettingOptions, settingOptions } from './settings.ts';

interface AgentOptions extends SettingOptions {
  readonly source?: string;
  readonly transport?: string;
  readonly release?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = settingOptions(
    program
      .command('agent')
      .description('the node daemon: watches every process, learns or judges, obeys signed orders'),
  )
    .addOption(choice('--source <name>', `where events come from: ${liveSources.join(', ')}`, liveSources))
    .addOption(
      choice('--transport <name>', `how a gRPC source is read: ${transports.join(', ')}`, transports),
    )
    .option('--release', 'let go all that is held or frozen on this machine, and end: before uninstalling')
    .action((options: AgentOptions) =>
      options.release === true ? release(io, options) : watch(io, options),
    );
  examples(verb, [
    ['whorl agent', 'on its own: what it sees waits in the spool'],
    ['whorl agent --source tracee', 'fed by the Tracee that the node runs already'],
    [
      'whorl agent --source falco --set sourceAddress=file:/run/whorl/falco.jsonl',
      'fed by Falco; docs/sources.md says how each source is set up',
    ],
    ['whorl agent --config /etc/whorl/agent.json', 'as a service'],
    [
      'whorl agent --set collector=whorl.example:7443 --set joinTokenFile=/etc/whorl/join-token',
      'told to a collector',
    ],
  ]);
}

/** The same as `whorl resume --local --all`. */
async function release(io: Io, { dataDir }: AgentOptions): Promise<void> {
  const { resume } = await import('./verb-resume.ts');
  await resume(io, [], { all: true, ...(dataDir === undefined ? {} : { dataDir }) });
}

async function watch(io: Io, options: AgentOptions): Promise<void> {
  const { main } = await import('../agent/main.ts');
  const { ConfigError } = await import('../config/document.ts');
  const { parseAgentConfig } = await import('../agent/config.ts');
  const { AgentError } = await import('../agent/ports.ts');
  const { SourceError } = await import('../agent/ports/source.ts');
  const { untilSignal } = await import('./until-signal.ts');
  const { version } = await import('./version.ts');
  const { file, flags } = await readSettings(io, options);
  const release = options.withParent === true ? endWithParent() : () => undefined;
  let isSensor = true;
  try {
    const config = parseAgentConfig(file, { ...flags, ...chosen(options) });
    isSensor = config.source === 'sensor';
    await main(config, { out: (line) => io.out(line), signal: untilSignal(), version: version() });
  } catch (error) {
    if (error instanceof ConfigError) throw configProblem(error.problems, options);
    if (error instanceof AgentError)
      throw new CliError(exitCodes.usage, error.message, undefined, { cause: error });
    if (error instanceof SourceError) throw sourceProblem(error, options, isSensor);
    throw error;
  } finally {
    release();
  }
}

/** @param isSensor what doctor looks at is what the sensor needs; of another source the sentence says what to do */
function sourceProblem(error: SourceError, options: AgentOptions, isSensor: boolean): CliError {
  if (error.code === 'bad-setting') return configProblem([error.message], options);
  const hint = isSensor ? 'whorl doctor says what is missing' : undefined;
  return new CliError(exitCodes.incomplete, `${error.message} (${error.code})`, hint, { cause: error });
}

/** What was not given on the command line must not hide what `--set` says. */
function chosen({ source, transport }: AgentOptions): Record<string, string> {
  return {
    ...(source === undefined ? {} : { source }),
    ...(transport === undefined ? {} : { transport }),
  };
}
