import type { Command } from 'commander';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { runCommand } from './record/run-command.ts';
import { recordEnv, withinEnv } from './record/step-wire.ts';

interface Options {
  readonly ifRecording?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('step')
    .description('name the test step that begins now, for the recording it runs under')
    .argument('<name>', 'what a reviewer would call it: a test, a file of tests')
    .argument(
      '[command...]',
      'after --: the step lasts as long as this command, whose exit code is passed on',
    )
    .option('--if-recording', 'outside a recording say nothing and do only the command')
    .action((name: string, command: readonly string[], options: Options) => step(io, name, command, options));
  examples(verb, [
    ['whorl step login', 'from here to the next step'],
    ['whorl step checkout.e2e -- npx playwright test checkout.e2e', 'as long as the command runs'],
    ['whorl step --if-recording smoke -- ./smoke.sh', 'the same script with and without a recording'],
  ]);
}

async function step(io: Io, name: string, command: readonly string[], options: Options): Promise<void> {
  const path = io.env[recordEnv] ?? '';
  if (path === '' && options.ifRecording !== true)
    throw new CliError(
      exitCodes.usage,
      'no recording is under way here',
      'run the test script with `whorl record … -- SCRIPT`, or say --if-recording',
    );
  if (path === '') return await run(io, command, {});
  const { beginStep } = await import('./record/step-client.ts');
  const outer = io.env[withinEnv];
  const within = outer === undefined ? {} : { within: outer };
  const begun = await beginStep(path, { step: name, span: command.length > 0, ...within });
  try {
    await run(io, command, { [withinEnv]: begun.id });
  } finally {
    await begun.end();
  }
}

/** Its streams and its exit code are the command's own. */
async function run(io: Io, command: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  if (command.length === 0) return;
  const { code } = await runCommand(command, { stdio: 'inherit', env: { ...io.env, ...env } });
  process.exitCode = code;
}
