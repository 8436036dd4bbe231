import type { GeneraliseRule } from '../../fingerprint/generalise-forms.ts';

const scopes: Readonly<Record<GeneraliseRule['scope'], string>> = {
  alias: 'path, also sensitive',
  process: 'path below /proc',
  path: 'path',
  class: 'path, read',
  converter: 'load from the image',
  library: 'library, read',
  segment: 'part of a path',
  argument: 'argument',
  name: 'DNS name',
};

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

/** The table of docs/format.md, made from the rows; the contract test prints the difference when it is out of date. */
export function generalisationTable(rules: readonly GeneraliseRule[]): string {
  const rows = rules.map((r) => {
    const [given, general] = r.examples[0] ?? ['', ''];
    return `| ${r.id} | ${scopes[r.scope]} | ${r.what} | ${code(given)} → ${code(general)} | ${code(r.counterExamples[0] ?? '')} |`;
  });
  return ['| Row | Where | What | Example | Not touched |', '|---|---|---|---|---|', ...rows].join('\n');
}
