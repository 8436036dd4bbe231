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

-- What a person reads: occurrences that share a drift key, however many copies they came from.
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

-- Who may be an agent: what lets a machine in, what was signed for it, and who was shut out.
CREATE TABLE join_tokens (
  id            TEXT PRIMARY KEY,
  -- sha256 of the secret, hex.
  secret        TEXT NOT NULL,
  -- NULL: any.
  cluster       TEXT,
  node          TEXT,
  -- 1: also under the name of a machine that has a certificate.
  replaces      INTEGER NOT NULL,
  author        TEXT NOT NULL,
  made_at_ms    INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  -- Once it was redeemed: when, and for whose public key.
  used_at_ms    INTEGER,
  used_key      TEXT,
  used_for      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE clusters (
  name        TEXT PRIMARY KEY,
  issuer      TEXT NOT NULL,
  audience    TEXT NOT NULL,
  -- JSON list of namespace/name.
  accounts    TEXT NOT NULL,
  jwks        TEXT NOT NULL,
  author      TEXT NOT NULL,
  added_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_certificates (
  serial       TEXT PRIMARY KEY,
  cluster      TEXT NOT NULL,
  id           TEXT NOT NULL,
  node         TEXT NOT NULL,
  key          TEXT NOT NULL,
  how          TEXT NOT NULL,
  issued_at_ms INTEGER NOT NULL,
  not_after_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_certificates_of ON agent_certificates (cluster, node, not_after_ms);

CREATE TABLE revocations (
  cluster TEXT NOT NULL,
  id      TEXT NOT NULL,
  node    TEXT NOT NULL,
  author  TEXT NOT NULL,
  reason  TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (cluster, id)
) STRICT, WITHOUT ROWID;
-- Who may use the API. Of a token only its hash is kept.
CREATE TABLE api_tokens (
  id            TEXT PRIMARY KEY,
  hash          TEXT NOT NULL,
  name          TEXT NOT NULL,
  role          TEXT NOT NULL,
  -- JSON: {"clusters": [], "namespaces": []}; an empty list means all.
  scope         TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  created_by    TEXT NOT NULL,
  reason        TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  last_used_ms  INTEGER NOT NULL DEFAULT 0,
  revoked_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One row at most: the token that makes the first administrator, while nobody has used it.
CREATE TABLE bootstrap_token (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  hash TEXT NOT NULL
) STRICT;
-- The audit log: an RFC 6962 tree whose leaves are rows of `audit` and whose other nodes are `audit_nodes`, complete
-- subtrees alone.

-- Append only. The body is what was hashed; erased, it is NULL and its author empty, and the leaf goes on proving.
CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  type    TEXT NOT NULL,
  author  TEXT NOT NULL,
  about   TEXT,
  body    TEXT,
  leaf    BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (time_ms);
CREATE INDEX audit_by_about ON audit (about) WHERE about IS NOT NULL;

-- Level 0 is audit.leaf. A node is written when its last leaf is, and never changes.
CREATE TABLE audit_nodes (
  level INTEGER NOT NULL,
  idx   INTEGER NOT NULL,
  hash  BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
-- Every response policy that a person set, with who and why. The highest version is in force; none is ever changed.
CREATE TABLE response_policies (
  version   INTEGER PRIMARY KEY,
  document  TEXT NOT NULL,
  author    TEXT NOT NULL,
  reason    TEXT NOT NULL,
  set_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE agent_losses (
  agent    TEXT PRIMARY KEY,
  -- The highest number that was acknowledged and is not here: a jump up to it is no loss of the agent.
  acked    INTEGER NOT NULL DEFAULT 0,
  restored INTEGER NOT NULL DEFAULT 0,
  dropped  INTEGER NOT NULL DEFAULT 0,
  flooded  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE node_incidents (
  id        INTEGER PRIMARY KEY,
  agent     TEXT NOT NULL,
  node      TEXT NOT NULL,
  cluster   TEXT NOT NULL,
  kind      TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  last_ms   INTEGER NOT NULL,
  closed_ms INTEGER,
  count     INTEGER NOT NULL,
  detail    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX node_incidents_open ON node_incidents (agent, kind) WHERE closed_ms IS NULL;

-- The last state of each incident of a flood, until there is time for them.
CREATE TABLE flooded (
  agent  TEXT NOT NULL,
  id     TEXT NOT NULL,
  rank   INTEGER NOT NULL,
  report TEXT NOT NULL,
  PRIMARY KEY (agent, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX workloads_by_owner ON workloads (cluster, namespace, owner, container);

-- What agents may stop by themselves: on record before it is sent. What was spent is told by receipts.
CREATE TABLE leases (
  id         TEXT PRIMARY KEY,
  agent      TEXT NOT NULL,
  session    TEXT NOT NULL,
  workload   TEXT NOT NULL,
  stops      INTEGER NOT NULL,
  ends       INTEGER NOT NULL,
  since_ms   INTEGER NOT NULL,
  issued_ms  INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  settled    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_end ON leases (expires_ms);

-- Stops that a brake held back, for a person.
CREATE TABLE held_orders (
  id         TEXT PRIMARY KEY,
  incident   TEXT NOT NULL,
  agent      TEXT NOT NULL,
  wanted     TEXT NOT NULL,
  done       TEXT NOT NULL,
  reason     TEXT NOT NULL,
  sentence   TEXT NOT NULL,
  since_ms   INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  state      TEXT NOT NULL,
  ended_ms   INTEGER,
  ended_by   TEXT,
  ended_why  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX held_orders_by_state ON held_orders (state, since_ms);

-- Where nothing is stopped for a while. `scope` is JSON.
CREATE TABLE disarms (
  id       TEXT PRIMARY KEY,
  scope    TEXT NOT NULL,
  author   TEXT NOT NULL,
  reason   TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What watches each node, so that a change of it is noticed over a restart of either side.
CREATE TABLE node_states (
  agent      TEXT PRIMARY KEY,
  cluster    TEXT NOT NULL,
  node       TEXT NOT NULL,
  version    TEXT NOT NULL,
  source     TEXT NOT NULL,
  kernel     TEXT,
  changed_ms INTEGER NOT NULL,
  heard_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX node_states_by_node ON node_states (cluster, node, heard_ms);

-- To requests that may come again, by their key.
CREATE TABLE answers (
  key      TEXT PRIMARY KEY,
  answer   TEXT NOT NULL,
  saved_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;


-- Notices on their way, the sinks they go to, and what was told of what.
-- AUTOINCREMENT: the number is the order of a story, so that one is never given twice.
CREATE TABLE outbox (
  seq             INTEGER PRIMARY KEY AUTOINCREMENT,
  sink            TEXT NOT NULL,
  notice          TEXT NOT NULL,
  key             TEXT NOT NULL,
  type            TEXT NOT NULL,
  severity        INTEGER NOT NULL,
  body            TEXT NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('waiting', 'gathered', 'dead')),
  attempts        INTEGER NOT NULL DEFAULT 0,
  next_attempt_ms INTEGER NOT NULL,
  last_error      TEXT NOT NULL DEFAULT '',
  UNIQUE (sink, notice)
) STRICT;
CREATE INDEX outbox_by_due ON outbox (sink, state, next_attempt_ms);
CREATE INDEX outbox_by_key ON outbox (sink, state, key, seq);

CREATE TABLE outbox_sinks (
  sink             TEXT PRIMARY KEY,
  state            TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'gone')),
  author           TEXT NOT NULL DEFAULT '',
  reason           TEXT NOT NULL DEFAULT '',
  delivered        INTEGER NOT NULL DEFAULT 0,
  dropped          INTEGER NOT NULL DEFAULT 0,
  -- Of the dropped ones: those the sink has not been told of.
  untold           INTEGER NOT NULL DEFAULT 0,
  failing_since_ms INTEGER NOT NULL DEFAULT 0,
  last_error       TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox_told (
  subject TEXT PRIMARY KEY,
  told    TEXT NOT NULL,
  told_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_told_by_time ON outbox_told (told_ms);
