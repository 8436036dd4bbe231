import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { privileges } from '../../fingerprint/event.ts';
import { generaliseRules } from '../../fingerprint/generalise-rules.ts';
import { driftReasons } from '../../fingerprint/verdict.ts';
import { generalisationTable } from '../fakes/generalisation-table.ts';

const doc = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');

it('docs/format.md shows the generalisation table as it is in the code', () => {
  const shown = doc.slice(doc.indexOf('<!-- table -->'), doc.indexOf('<!-- /table -->'));
  expect(shown.trim()).toBe(`<!-- table -->\n${generalisationTable(generaliseRules)}`);
});

it('docs/format.md names every reason for drift', () => {
  for (const reason of driftReasons) expect(doc).toContain(reason);
});

it('docs/events.md names every privilege', () => {
  const events = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
  for (const privilege of privileges) expect(events).toContain(`\`${privilege}\``);
});
