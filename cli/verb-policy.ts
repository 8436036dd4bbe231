import type { Command } from 'commander';
import { parseResponsePolicy } from '../collector/core/parse-response-policy.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import { readYaml } from './import-yaml.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';
import { styled } from './text.ts';

/** 200 rules of 64 long patterns each. */
const maxBytes = 1 << 20;

export function register(program: Command, io: Io): void {
  const policy = program.command('policy').description('what may be done about drift: the response policy');
  examples(policy, [['whorl policy check policy.yaml', 'can it be read, and does it say what is meant?']]);
  const check = policy
    .command('check')
    .description('whether a response policy can be read, and what in it is hardly meant; exit 2 when not')
    .argument('<policy.yaml>', 'YAML or JSON; - for stdin')
    .option('--json', 'one JSON object')
    .action((path: string, options: { json?: boolean }) => checkFile(io, path, options.json === true));
  examples(check, [['whorl policy check policy.yaml', 'every problem at once, each with its place']]);
}

async function checkFile(io: Io, path: string, json: boolean): Promise<void> {
  const parsed = parseResponsePolicy(await readPolicyDocument(io, path));
  const name = fileName(path);
  if (parsed.kind === 'refused') {
    if (json) io.out(JSON.stringify({ ok: false, problems: parsed.problems, warnings: [] }));
    throw new CliError(exitCodes.usage, `${name}: ${parsed.problems.join('\n  ')}`);
  }
  const { policy, warnings } = parsed;
  if (json) return io.out(JSON.stringify({ ok: true, problems: [], warnings, policy }));
  for (const warning of warnings) io.out([styled('yellow', 'warning'), ` ${warning}`]);
  const count = policy.rules.length === 1 ? '1 rule' : `${policy.rules.length} rules`;
  io.out(`${name} can be read: ${count}, ${policy.mode} for the rest${policy.dryRun ? ', a dry run' : ''}`);
}

/**
 * The one document of a YAML or JSON file, as plain values.
 * @throws CliError when it cannot be read or holds several
 */
export async function readPolicyDocument(io: Io, path: string): Promise<unknown> {
  const bytes = await io.readFile(path, { maxBytes });
  const documents = about(fileName(path), () => readYaml(bytes));
  if (documents.length === 1) return documents[0];
  throw new CliError(
    exitCodes.usage,
    `${fileName(path)} holds ${documents.length} documents; a response policy is one`,
  );
}
