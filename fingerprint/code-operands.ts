import { baseName } from './program.ts';

const interpreters =
  /^(?:(?:ba|da|a|z|k|fi|c|tc|mk)?sh|python[\d.]*|pypy[\d.]*|perl[\d.]*|ruby[\d.]*|node|nodejs|deno|bun|php[\d.]*|lua[\d.]*|luajit|tclsh|expect|awk|gawk|mawk|sed|pwsh|java|osascript|Rscript)$/;
/** `-c`, `-lc`, `-e`, `-E`, `-r`, `-p`, `--eval` …: the next argument is a program text. */
const textOption = /^(?:-[A-Za-z]*[ceErp]|--(?:eval|print|command|require|import|exec))$/;
/** The same with the text behind the sign. */
const joinedText = /^(?:-[eEr].|--(?:eval|print|command|require|import|exec)=)/;

/**
 * Which arguments are code or name a file of code: the operand of `sh -c`, `python -c`, `node -e`, and the first
 * operand of an interpreter. They are never generalised: a pattern there would let other code run under a known name.
 * Interpreters behind wrappers (`timeout 5 sh -c …`, `env X=1 python f`) count too.
 */
export function codeOperands(args: readonly string[]): ReadonlySet<number> {
  const code = new Set<number>();
  const at = args.findIndex((arg) => interpreters.test(baseName(arg)));
  if (at < 0) return code;
  let scriptSeen = false;
  for (let i = at + 1; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (textOption.test(args[i - 1] ?? '') || joinedText.test(arg)) code.add(i);
    else if (!arg.startsWith('-') && !interpreters.test(baseName(arg)) && !scriptSeen) {
      scriptSeen = true;
      code.add(i);
    }
  }
  return code;
}
