import type { Command } from 'commander';
import { wordsAfter } from './choice.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';

interface Word {
  readonly name: string;
  readonly about: string;
  readonly options: readonly string[];
  /** Options that take one of a few words. */
  readonly choices: readonly { readonly option: string; readonly words: readonly string[] }[];
  readonly below: readonly Word[];
}

/** Made from the command tree itself, so that a new verb or option is completed without a line here. */
export function register(program: Command, io: Io): void {
  const verb = program
    .command('completion')
    .description('print a completion script for your shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) => {
      const make = shells[shell];
      if (make === undefined) throw new CliError(exitCodes.usage, 'the shell must be bash, zsh or fish');
      io.out(make(wordsOf(program)));
    });
  examples(verb, [
    ['source <(whorl completion bash)', 'this session'],
    ['whorl completion zsh > ~/.zfunc/_whorl', 'for good, zsh'],
    ['whorl completion fish > ~/.config/fish/completions/whorl.fish', 'for good, fish'],
  ]);
}

function wordsOf(command: Command): readonly Word[] {
  return command.commands.map((child) => ({
    name: child.name(),
    about: child.description().replaceAll("'", ''),
    options: [
      ...child.options.flatMap((o) => (o.long === undefined || o.long === null ? [] : [o.long])),
      '--help',
    ],
    choices: child.options
      .map((o) => ({ option: o.long ?? '', words: wordsAfter(o) }))
      .filter(({ words }) => words.length > 0),
    below: wordsOf(child),
  }));
}

const shells: Readonly<Record<string, (words: readonly Word[]) => string>> = { bash, zsh, fish };

/** One line of a `case`: after these words, offer those. */
function cases(words: readonly Word[], before: string): string[] {
  return words.flatMap((word) => {
    const path = before === '' ? word.name : `${before} ${word.name}`;
    const offer = [...word.below.map((b) => b.name), ...word.options].join(' ');
    const choices = word.choices.map(
      ({ option, words: of }) => `    '${path}'*' ${option}') offer='${of.join(' ')}' ;;`,
    );
    return [...cases(word.below, path), ...choices, `    '${path}'*) offer='${offer}' ;;`];
  });
}

function bash(words: readonly Word[]): string {
  return `_whorl() {
  local offer typed="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  case "$typed" in
${cases(words, '').join('\n')}
    *) offer='${words.map((w) => w.name).join(' ')} --help --version' ;;
  esac
  COMPREPLY=($(compgen -W "$offer" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _whorl whorl`;
}

function zsh(words: readonly Word[]): string {
  return `#compdef whorl
_whorl() {
  local offer typed="\${words[2,CURRENT-1]}"
  case "$typed" in
${cases(words, '').join('\n')}
    *) offer='${words.map((w) => w.name).join(' ')} --help --version' ;;
  esac
  compadd -- \${=offer} || _files
}
if [ "$funcstack[1]" = _whorl ]; then _whorl "$@"; else compdef _whorl whorl; fi`;
}

function fish(words: readonly Word[]): string {
  const lines = words.flatMap((word) => [
    `complete -c whorl -n __fish_use_subcommand -a '${word.name}' -d '${word.about}'`,
    ...word.below.map(
      (b) => `complete -c whorl -n '__fish_seen_subcommand_from ${word.name}' -a '${b.name}' -d '${b.about}'`,
    ),
    ...word.options.map(
      (o) => `complete -c whorl -n '__fish_seen_subcommand_from ${word.name}' -l '${o.slice(2)}'`,
    ),
    ...word.choices.map(
      ({ option, words: of }) =>
        `complete -c whorl -n '__fish_seen_subcommand_from ${word.name}' -l '${option.slice(2)}' -x -a '${of.join(' ')}'`,
    ),
  ]);
  return lines.join('\n');
}
