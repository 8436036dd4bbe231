import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { criticalFeatures } from '../../fingerprint/critical-features.ts';
import { privileges } from '../../fingerprint/event.ts';
import { generaliseRules } from '../../fingerprint/generalise-rules.ts';
import { neverLearnableRows } from '../../fingerprint/never-learnable-rows.ts';
import { sensitiveRows } from '../../fingerprint/sensitive-rows.ts';
import { driftReasons } from '../../fingerprint/verdict.ts';
import { generalisationTable } from '../fakes/generalisation-table.ts';
import { neverLearnableTable, sensitiveTable } from '../fakes/sensitive-tables.ts';

const doc = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');

it.each([
  ['table', generalisationTable(generaliseRules)],
  ['sensitive', sensitiveTable(sensitiveRows)],
  ['never-learnable', neverLearnableTable(neverLearnableRows)],
])('docs/format.md shows the %s rows as they are in the code', (name, table) => {
  const shown = doc.slice(doc.indexOf(`<!-- ${name} -->`), doc.indexOf(`<!-- /${name} -->`));
  expect(shown.trim()).toBe(`<!-- ${name} -->\n${table}`);
});

it('docs/format.md names every feature that a reader must know', () => {
  const spec = doc.split('\n').find((line) => line.startsWith('| `spec` |'));
  for (const feature of criticalFeatures) expect(spec).toContain(`\`${feature}\``);
});

it('docs/format.md names every reason for drift', () => {
  for (const reason of driftReasons) expect(doc).toContain(reason);
});

it('docs/events.md names every privilege', () => {
  const events = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
  for (const privilege of privileges) expect(events).toContain(`\`${privilege}\``);
});
