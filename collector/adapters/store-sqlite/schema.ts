import { existsSync, readFileSync } from 'node:fs';
import { accessTables } from './schema-3/access.ts';
import { auditTables } from './schema-3/audit.ts';
import { brakeTables } from './schema-3/brakes.ts';
import { identityTables } from './schema-3/identities.ts';
import { incidentTables } from './schema-3/incidents.ts';
import { ingestTables } from './schema-3/ingest.ts';
import { outboxTables } from './schema-3/outbox.ts';
import { responsePolicyTables } from './schema-3/response-policies.ts';

/**
 * Tables that came with schema 3, for a new file and for one that is brought up. A later schema that alters one of
 * them takes its text into schema.sql and leaves this one to the step.
 */
export const tablesOfSchema3 = [
  incidentTables,
  identityTables,
  accessTables,
  auditTables,
  responsePolicyTables,
  ingestTables,
  brakeTables,
  outboxTables,
].join('');

/** The whole of a new database. */
export function freshSchema(): string {
  // Beside this file in the source tree; compiled, this file is one folder further from the package's root.
  const near = new URL('schema.sql', import.meta.url);
  const packaged = new URL('../../../../collector/adapters/store-sqlite/schema.sql', import.meta.url);
  return readFileSync(existsSync(near) ? near : packaged, 'utf8') + tablesOfSchema3;
}
