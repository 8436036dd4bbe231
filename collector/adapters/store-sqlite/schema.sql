-- The collector's memory. Times ending in _ms are the collector's clock, in _us the agent's (µs since the Unix epoch).
-- A table changes only with `user_version` (database.ts); an older collector refuses a newer file.

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per spool. `stored` is the high water that makes ingest idempotent: it moves in the same transaction as the rows.
CREATE TABLE agents (
  id            TEXT PRIMARY KEY,
  node          TEXT NOT NULL,
  cluster       TEXT NOT NULL,
  session       TEXT NOT NULL,
  version       TEXT NOT NULL,
  source        TEXT NOT NULL,
  coverage      TEXT NOT NULL,
  stored        INTEGER NOT NULL DEFAULT 0,
  missing       INTEGER NOT NULL DEFAULT 0,
  refused       INTEGER NOT NULL DEFAULT 0,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workloads (
  id        INTEGER PRIMARY KEY,
  hash      TEXT NOT NULL UNIQUE,
  cluster   TEXT NOT NULL,
  namespace TEXT NOT NULL,
  owner     TEXT NOT NULL,
  container TEXT NOT NULL,
  role      TEXT NOT NULL,
  -- Hash of entrypoint and command; empty where the runtime does not tell them.
  entry     TEXT NOT NULL DEFAULT '',
  name      TEXT NOT NULL,
  digest    TEXT NOT NULL,
  -- 0: it was known before this was written down, so it is no new one.
  first_seen_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX workloads_by_owner ON workloads (cluster, namespace, owner, container);

-- `seen_…` are bitsets over novelties.ordinal, one per phase of life: 2 000 behaviours are 250 bytes, where a row each
-- would be 2 000 writes an hour.
CREATE TABLE instances (
  workload      INTEGER NOT NULL REFERENCES workloads (id),
  node          TEXT NOT NULL,
  id            TEXT NOT NULL,
  agent         TEXT NOT NULL,
  pod           TEXT,
  started_at_us INTEGER NOT NULL DEFAULT 0,
  state         TEXT NOT NULL DEFAULT 'found',
  -- 1 when it was watched from its first process on: only then is its start-up known.
  from_start    INTEGER NOT NULL DEFAULT 0,
  coverage      TEXT NOT NULL DEFAULT '',
  since_us      INTEGER NOT NULL DEFAULT 0,
  until_us      INTEGER NOT NULL DEFAULT 0,
  events        INTEGER NOT NULL DEFAULT 0,
  lost          INTEGER NOT NULL DEFAULT 0,
  seen_start    BLOB NOT NULL DEFAULT x'',
  seen_steady   BLOB NOT NULL DEFAULT x'',
  PRIMARY KEY (workload, node, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX instances_by_agent ON instances (agent, state);

CREATE TABLE novelties (
  workload  INTEGER NOT NULL REFERENCES workloads (id),
  ordinal   INTEGER NOT NULL,
  identity  TEXT NOT NULL,
  behaviour TEXT NOT NULL,
  time_us   INTEGER NOT NULL,
  node      TEXT NOT NULL DEFAULT '',
  instance  TEXT NOT NULL,
  -- Of its life in which that copy showed it first.
  phase     TEXT NOT NULL DEFAULT 'steady',
  PRIMARY KEY (workload, ordinal),
  UNIQUE (workload, identity)
) STRICT, WITHOUT ROWID;

-- What a workload's own crontabs say will happen, whether or not it has happened yet.
CREATE TABLE schedules (
  workload INTEGER NOT NULL REFERENCES workloads (id),
  timing   TEXT NOT NULL,
  command  TEXT NOT NULL,
  PRIMARY KEY (workload, timing, command)
) STRICT, WITHOUT ROWID;

-- The latest provisional fingerprint of each workload, as its agents get it.
CREATE TABLE provisional (
  workload     INTEGER PRIMARY KEY REFERENCES workloads (id),
  version      INTEGER NOT NULL,
  phases       TEXT NOT NULL,
  signed_at_ms INTEGER NOT NULL,
  envelope     BLOB NOT NULL
) STRICT;

-- What bit i of a support report of this agent means.
CREATE TABLE dictionary (
  agent    TEXT NOT NULL,
  workload INTEGER NOT NULL,
  idx      INTEGER NOT NULL,
  ordinal  INTEGER NOT NULL,
  PRIMARY KEY (agent, workload, idx)
) STRICT, WITHOUT ROWID;

-- What one agent tells of one copy: the report as it came; the columns are what is searched.
CREATE TABLE occurrences (
  id           TEXT PRIMARY KEY,
  agent        TEXT NOT NULL,
  node         TEXT NOT NULL,
  workload     INTEGER NOT NULL REFERENCES workloads (id),
  last_us      INTEGER NOT NULL,
  report       TEXT NOT NULL,
  incident     TEXT NOT NULL DEFAULT '',
  severity     INTEGER NOT NULL DEFAULT 0,
  count        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX occurrences_by_time ON occurrences (last_us);
CREATE INDEX occurrences_by_incident ON occurrences (incident);

CREATE TABLE orders (
  id            TEXT PRIMARY KEY,
  incident      TEXT NOT NULL,
  agent         TEXT NOT NULL,
  action        TEXT NOT NULL,
  session       TEXT NOT NULL,
  seq           INTEGER NOT NULL,
  node          TEXT NOT NULL,
  instance      TEXT NOT NULL,
  pid           INTEGER NOT NULL,
  start_us      INTEGER NOT NULL,
  reason        TEXT NOT NULL,
  issued_at     TEXT NOT NULL,
  expires_at    TEXT NOT NULL,
  issued_at_ms  INTEGER NOT NULL,
  workload      TEXT NOT NULL,
  charge        TEXT NOT NULL,
  envelope      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_incident ON orders (incident);
CREATE INDEX orders_by_time ON orders (issued_at_ms);

CREATE TABLE receipts (
  order_id TEXT NOT NULL,
  agent    TEXT NOT NULL,
  incident TEXT NOT NULL,
  report   TEXT NOT NULL,
  PRIMARY KEY (order_id, agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_by_incident ON receipts (incident);

CREATE TABLE gaps (
  agent    TEXT NOT NULL,
  seq      INTEGER NOT NULL,
  since_us INTEGER NOT NULL,
  until_us INTEGER NOT NULL,
  lost     INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  instance TEXT,
  PRIMARY KEY (agent, seq)
) STRICT, WITHOUT ROWID;

-- Append only. Clustered by incident, because that is how it is asked for and an index beside it costs as much again.
CREATE TABLE decisions (
  incident TEXT NOT NULL,
  time_ms  INTEGER NOT NULL,
  action   TEXT NOT NULL,
  reason   TEXT NOT NULL,
  -- Of the response policy; empty where none was about it.
  rule         TEXT NOT NULL DEFAULT '',
  -- Of a dry run: what would have been done, and why.
  would_action TEXT NOT NULL DEFAULT '',
  would_reason TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (incident, time_ms, action, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE fingerprints (
  digest       TEXT PRIMARY KEY,
  envelope     BLOB NOT NULL,
  stored_at_ms INTEGER NOT NULL
) STRICT;

-- Records that are no reports: acknowledged, since repeating them would not help, and kept for whoever looks into it.
CREATE TABLE refused (
  agent  TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (agent, seq)
) STRICT, WITHOUT ROWID;
