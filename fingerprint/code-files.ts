import { baseName } from './program.ts';
import { scriptOperand } from './script-operand.ts';

/** Which files are code to an interpreter, by name: reading one is loading it (DESIGN §2, `load`). */
export interface CodeFileRule {
  readonly id: string;
  /** Base names of the interpreter's executable. */
  readonly interpreter: RegExp;
  readonly code: RegExp;
  /** Written by the interpreter itself, so told as files and not as code (docs/limits.md). */
  readonly cache?: RegExp;
  readonly examples: readonly (readonly [exe: string, path: string])[];
  readonly counterExamples: readonly (readonly [exe: string, path: string])[];
}

/**
 * A library that is mapped is told by the kernel; these are read. Data that merely configures (JSON, YAML, templates) is
 * no code, or every upload would be one. A new interpreter is a row.
 */
export const codeFileRules: readonly CodeFileRule[] = [
  {
    id: 'shell',
    interpreter: /^(?:ba|da|z|a|k|mk|fi|c|tc)?sh$/,
    code: /\.(?:sh|bash|zsh|ksh|fish|csh)$/,
    examples: [
      ['/usr/bin/dash', '/data/run.sh'],
      ['/bin/bash', '/tmp/x.bash'],
    ],
    counterExamples: [
      ['/bin/sh', '/data/list.txt'],
      ['/bin/sh', '/data/sh'],
      ['/usr/bin/ssh', '/data/run.sh'],
    ],
  },
  {
    id: 'python',
    interpreter: /^(?:python|pypy)[\d.]*t?$/,
    code: /\.(?:py|pyw|pyc|pyo|pyz|pth|egg|whl)$/,
    cache: /\/__pycache__\/[^/]+\.pyc(?:\.\d+)?$/,
    examples: [
      ['/usr/bin/python3.11', '/srv/app.py'],
      ['/usr/bin/python3', '/data/plugin.pyc'],
      ['/usr/bin/python3', '/usr/lib/python3/dist-packages/x.pth'],
    ],
    counterExamples: [
      ['/usr/bin/python3', '/srv/__pycache__/app.cpython-311.pyc'],
      ['/usr/bin/python3', '/srv/happy'],
      ['/usr/bin/cat', '/srv/app.py'],
    ],
  },
  {
    id: 'perl',
    interpreter: /^perl[\d.]*$/,
    code: /\.(?:pl|pm|ph|al)$/,
    examples: [['/usr/bin/perl', '/data/Plugin.pm']],
    counterExamples: [['/usr/bin/perl', '/data/a.html']],
  },
  {
    id: 'ruby',
    interpreter: /^(?:ruby|jruby|irb)[\d.]*$/,
    code: /\.(?:rb|rbw|ru|rake|gemspec)$|\/(?:Gemfile|Rakefile)$/,
    examples: [
      ['/usr/bin/ruby3.1', '/srv/config.ru'],
      ['/usr/bin/ruby', '/srv/Rakefile'],
    ],
    counterExamples: [['/usr/bin/ruby', '/srv/config.yml']],
  },
  {
    id: 'javascript',
    interpreter: /^(?:node|nodejs|bun|deno)$/,
    code: /\.(?:[cm]?js|jsx|[cm]?ts|tsx|wasm)$/,
    examples: [
      ['/usr/local/bin/node', '/srv/server.mjs'],
      ['/usr/bin/node', '/data/plugins/a.js'],
    ],
    counterExamples: [
      ['/usr/bin/node', '/data/package.json'],
      ['/usr/sbin/nginx', '/srv/www/app.js'],
    ],
  },
  {
    id: 'php',
    interpreter: /^php(?:-fpm|-cgi)?[\d.]*$/,
    code: /\.(?:php\d?|phtml|phar|inc)$/,
    examples: [
      ['/usr/sbin/php-fpm8.2', '/var/www/uploads/x.php'],
      ['/usr/bin/php', '/srv/tool.phar'],
    ],
    counterExamples: [['/usr/bin/php', '/var/www/uploads/x.png']],
  },
  {
    id: 'lua',
    interpreter: /^lua(?:jit)?[\d.]*$/,
    code: /\.(?:lua|luac)$/,
    examples: [['/usr/bin/lua5.4', '/data/x.lua']],
    counterExamples: [['/usr/bin/lua5.4', '/data/x.txt']],
  },
  {
    id: 'java',
    interpreter: /^java$/,
    code: /\.(?:jar|class|war|ear)$/,
    examples: [
      ['/opt/jdk/bin/java', '/srv/app.jar'],
      ['/opt/jdk/bin/java', '/srv/WEB-INF/classes/A.class'],
    ],
    counterExamples: [['/opt/jdk/bin/java', '/srv/a.properties']],
  },
  {
    id: 'dotnet',
    interpreter: /^dotnet$/,
    code: /\.(?:dll|exe|csx)$/,
    examples: [['/usr/bin/dotnet', '/data/Plugin.dll']],
    counterExamples: [['/usr/bin/dotnet', '/data/appsettings.json']],
  },
  {
    id: 'erlang',
    interpreter: /^(?:beam(?:\.smp)?|erl|escript|elixir)$/,
    code: /\.(?:beam|escript|exs?)$/,
    examples: [['/usr/lib/erlang/erts-13/bin/beam.smp', '/data/x.beam']],
    counterExamples: [['/usr/lib/erlang/erts-13/bin/beam.smp', '/data/x.conf']],
  },
  {
    id: 'tcl',
    interpreter: /^(?:tclsh|wish|expect)[\d.]*$/,
    code: /\.(?:tcl|tm|exp)$/,
    examples: [['/usr/bin/tclsh8.6', '/data/x.tcl']],
    counterExamples: [['/usr/bin/tclsh8.6', '/data/x.csv']],
  },
  {
    id: 'r',
    interpreter: /^(?:R|Rscript)$/,
    code: /\.[rR]$/,
    examples: [['/usr/lib/R/bin/exec/R', '/data/model.R']],
    counterExamples: [['/usr/lib/R/bin/exec/R', '/data/model.rds']],
  },
  {
    id: 'powershell',
    interpreter: /^pwsh$/,
    code: /\.psm?1$/,
    examples: [['/usr/bin/pwsh', '/data/x.ps1']],
    counterExamples: [['/usr/bin/pwsh', '/data/x.xml']],
  },
];

/** The execution of a program, as far as it tells what it runs. */
export interface Execution {
  readonly exe: string;
  readonly args: readonly string[];
}

export interface CodeReader {
  /** Whether the interpreter runs what is in this file, if it reads it. */
  readonly isCode: (path: string) => boolean;
  /** Last part of the script it was started with. */
  readonly script?: string;
}

/** @returns undefined for a program that is no interpreter: whatever it reads is data. */
export function codeReader(execution: Execution): CodeReader | undefined {
  const { exe, args } = applet(execution);
  const name = baseName(exe);
  const rule = codeFileRules.find((r) => r.interpreter.test(name));
  if (rule === undefined) return undefined;
  const operand = scriptOperand(exe, args);
  const script = operand?.kind === 'file' ? baseName(operand.path) || undefined : undefined;
  return {
    ...(script === undefined ? {} : { script }),
    // By its last part: the directories of the operand may be links, and the kernel tells where they led.
    isCode: (path) =>
      (rule.code.test(path) && rule.cache?.test(path) !== true) ||
      (script !== undefined && baseName(path) === script),
  };
}

/** Whether what runs under this name can be an interpreter, whatever its arguments. */
export function mayReadCode(exe: string): boolean {
  const name = baseName(exe);
  return isManyTools(name) || codeFileRules.some((r) => r.interpreter.test(name));
}

function isManyTools(name: string): boolean {
  return /^(?:busybox|toybox)(?:\.\w+)?$/.test(name);
}

/** busybox is what it was called as. */
function applet({ exe, args }: Execution): Execution {
  if (!isManyTools(baseName(exe))) return { exe, args };
  const [called = '', ...rest] = args;
  const isDirect = /^(?:busybox|toybox)/.test(baseName(called));
  return isDirect ? { exe: rest[0] ?? '', args: rest } : { exe: called.replace(/^-/, ''), args };
}
