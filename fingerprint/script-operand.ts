/**
 * What makes a process more than its interpreter: the script file it runs, or the code or module named on its command
 * line. `none` for a program that is no interpreter; undefined for an interpreter that runs neither (a prompt, a pipe).
 */
export type Operand =
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string };

interface Interpreter {
  readonly exe: RegExp;
  /** Options whose next argument is the program itself, as text: code, a module, a class. `-lc` is `-l -c`. */
  readonly text: RegExp;
  /** Options whose next argument is a file that is the program. */
  readonly file: readonly string[];
  /** Options that take a value of another kind. */
  readonly value: readonly string[];
  /** What stands alone: a file, or a name that is looked up elsewhere (a Java class). */
  readonly operand: 'file' | 'text';
}

const interpreters: readonly Interpreter[] = [
  {
    exe: /^(?:ba|da|z|k|a|mk)?sh$|^busybox$/,
    text: /^-[a-zA-Z]*c$/,
    file: [],
    value: ['-o', '-O', '--rcfile'],
    operand: 'file',
  },
  {
    exe: /^node(?:js)?$|^bun$|^deno$/,
    text: /^-(?:e|p|pe)$|^--(?:eval|print)$/,
    file: [],
    value: ['-r', '--require', '--import', '--loader', '-C', '--conditions', '--env-file', '--title'],
    operand: 'file',
  },
  {
    exe: /^python[0-9.]*$|^pypy[0-9.]*$/,
    text: /^-[a-zA-Z]*[cm]$/,
    file: [],
    value: ['-W', '-X'],
    operand: 'file',
  },
  { exe: /^perl[0-9.]*$/, text: /^-[a-zA-Z]*[eE]$/, file: [], value: ['-I', '-M', '-m'], operand: 'file' },
  { exe: /^ruby[0-9.]*$/, text: /^-[a-z]*e$/, file: [], value: ['-I', '-r', '-C'], operand: 'file' },
  { exe: /^php[0-9.]*$/, text: /^-r$/, file: ['-f'], value: ['-c', '-d', '-S', '-t'], operand: 'file' },
  { exe: /^lua(?:jit)?[0-9.]*$/, text: /^-e$/, file: [], value: ['-l'], operand: 'file' },
  {
    exe: /^java$/,
    text: /^(?:-m|--module)$/,
    file: ['-jar'],
    value: ['-cp', '-classpath', '--class-path', '-p', '--module-path', '--add-modules'],
    operand: 'text',
  },
];

/**
 * @param exe - the executable's path as the kernel resolved it.
 * @param args - the whole argument vector, args[0] included.
 */
export function scriptOperand(exe: string, args: readonly string[]): Operand | undefined {
  const name = exe.slice(exe.lastIndexOf('/') + 1);
  const interpreter = interpreters.find((one) => one.exe.test(name));
  if (interpreter === undefined) return { kind: 'none' };
  for (let i = 1; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const next = args[i + 1] ?? '';
    if (interpreter.text.test(arg)) return given({ kind: 'text', text: next });
    if (interpreter.file.includes(arg)) return given({ kind: 'file', path: next });
    if (arg === '--') return standsAlone(interpreter, next);
    if (!arg.startsWith('-')) return standsAlone(interpreter, arg);
    if (interpreter.value.includes(arg)) i += 1;
  }
  return undefined;
}

function standsAlone({ operand }: Interpreter, arg: string): Operand | undefined {
  return given(operand === 'file' ? { kind: 'file', path: arg } : { kind: 'text', text: arg });
}

function given(operand: Operand): Operand | undefined {
  const empty =
    (operand.kind === 'text' && operand.text === '') || (operand.kind === 'file' && operand.path === '');
  return empty ? undefined : operand;
}
