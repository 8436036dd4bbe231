import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { falcoCoverage } from '../../agent/core/normalise/falco/coverage.ts';
import { tetragonCoverage } from '../../agent/core/normalise/tetragon/hooks.ts';
import { traceeCoverage } from '../../agent/core/normalise/tracee/tracee.ts';
import {
  type CoverageWord,
  coverageWords,
  coversPrivilege,
  fullCoverage,
} from '../../fingerprint/coverage.ts';
import { behaviourKinds, privileges } from '../../fingerprint/event.ts';

const page = new URL('../../docs/sources.md', import.meta.url);
const part = /(<!-- coverage: [^>]*-->\n)([\s\S]*?)(<!-- end -->)/;

/** What the normalisers themselves say; the sensor's is what it attaches where the kernel has all of it. */
const sources: Readonly<Record<string, readonly CoverageWord[]>> = {
  sensor: fullCoverage,
  tracee: traceeCoverage,
  tetragon: tetragonCoverage,
  falco: falcoCoverage,
};

function sees(coverage: readonly CoverageWord[], word: CoverageWord): boolean {
  const has = new Set(coverage);
  const privilege = privileges.find((p) => p === word);
  return privilege === undefined ? has.has(word) : coversPrivilege(has, privilege, undefined);
}

function table(): string {
  const names = Object.keys(sources);
  const rows = coverageWords
    .filter((word) => word !== 'privilege')
    .map((word) => {
      const kind = behaviourKinds.some((k) => k === word) ? `\`${word}\`` : `\`privilege\` ${word}`;
      const cells = Object.values(sources).map((coverage) => (sees(coverage, word) ? 'yes' : '—'));
      return `| ${kind} | ${cells.join(' | ')} |`;
    });
  return [`| | ${names.join(' | ')} |`, `|---|${names.map(() => '---').join('|')}|`, ...rows].join('\n');
}

it('docs/sources.md says what each source sees, as the code has it (WHORL_UPDATE_DOCS=1 writes it anew)', () => {
  if (process.env.WHORL_UPDATE_DOCS === '1') {
    const text = readFileSync(page, 'utf8');
    writeFileSync(
      page,
      text.replace(part, (_all, head: string, _old, end: string) => `${head}${table()}\n${end}`),
    );
  }
  expect(part.exec(readFileSync(page, 'utf8'))?.[2]?.trim()).toBe(table());
});
