import type { Command } from 'commander';

/** Puts examples in front of the help of a verb: what most people look for comes first (DESIGN §10). */
export function examples(
  command: Command,
  lines: readonly (readonly [call: string, what: string])[],
): Command {
  const width = Math.max(...lines.map(([call]) => call.length));
  const body = lines.map(([call, what]) =>
    width > 60 ? `  # ${what}\n  ${call}` : `  ${call.padEnd(width)}  # ${what}`,
  );
  return command.addHelpText('before', `Examples:\n${body.join('\n')}\n`);
}

/** The two options of every verb that changes something. */
export function changing(command: Command, dryRun = 'say what would be done and do nothing'): Command {
  return command.option('--dry-run', dryRun).option('--reason <text>', 'why, for the record');
}
