/** What a person reads: occurrences that share a drift key, however many copies they came from. */
export const incidentTables = `
CREATE TABLE incidents (
  id          TEXT PRIMARY KEY,
  workload    INTEGER NOT NULL REFERENCES workloads (id),
  state       TEXT NOT NULL DEFAULT 'open',
  disposition TEXT NOT NULL DEFAULT '',
  until_ms    INTEGER NOT NULL DEFAULT 0,
  claimed_by  TEXT NOT NULL DEFAULT '',
  version     INTEGER NOT NULL DEFAULT 1,
  severity    INTEGER NOT NULL,
  opened_ms   INTEGER NOT NULL,
  changed_ms  INTEGER NOT NULL,
  first_us    INTEGER NOT NULL,
  last_us     INTEGER NOT NULL,
  count       INTEGER NOT NULL,
  -- The occurrence that is shown: the gravest, and of those the first.
  lead        TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_by_time ON incidents (last_us, id);

-- Drift keys an incident holds: by them an occurrence on another copy finds it.
CREATE TABLE incident_keys (
  workload INTEGER NOT NULL,
  key      TEXT NOT NULL,
  incident TEXT NOT NULL,
  PRIMARY KEY (workload, key, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_keys_by_incident ON incident_keys (incident);

-- What people did with incidents: append only.
CREATE TABLE reviews (
  incident TEXT NOT NULL,
  version  INTEGER NOT NULL,
  act      TEXT NOT NULL,
  author   TEXT NOT NULL,
  reason   TEXT NOT NULL,
  time_ms  INTEGER NOT NULL,
  until_ms INTEGER NOT NULL DEFAULT 0,
  document TEXT NOT NULL DEFAULT '',
  before   TEXT NOT NULL,
  PRIMARY KEY (incident, version)
) STRICT, WITHOUT ROWID;
`;

/** What an agent tells of one copy is an occurrence. Its old name is free for the tables of incidents after this. */
export const occurrencesTo3 = `
ALTER TABLE incidents RENAME TO occurrences;
DROP INDEX incidents_by_time;
CREATE INDEX occurrences_by_time ON occurrences (last_us);
ALTER TABLE occurrences ADD COLUMN incident TEXT NOT NULL DEFAULT '';
ALTER TABLE occurrences ADD COLUMN severity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE occurrences ADD COLUMN count INTEGER NOT NULL DEFAULT 0;
CREATE INDEX occurrences_by_incident ON occurrences (incident);
`;

/** Each report that is known becomes an incident of one occurrence: nobody rolled them up then. */
export const firstIncidents = `
UPDATE occurrences SET incident = id,
  severity = CASE json_extract(report, '$.incident.severity') WHEN 'critical' THEN 3 WHEN 'high' THEN 2 WHEN 'medium' THEN 1 ELSE 0 END,
  count = coalesce((SELECT sum(json_extract(value, '$.count')) FROM json_each(report, '$.incident.drifts')), 0);
INSERT INTO incidents (id, workload, severity, opened_ms, changed_ms, first_us, last_us, count, lead)
  SELECT id, workload, severity, last_us / 1000, last_us / 1000, coalesce(json_extract(report, '$.incident.first'), last_us), last_us, count, id
  FROM occurrences;
INSERT OR IGNORE INTO incident_keys (workload, key, incident)
  SELECT o.workload, json_extract(d.value, '$.key'), o.id FROM occurrences o, json_each(o.report, '$.incident.drifts') d;
`;
