/** What the brakes remember. */
export const brakeTables = `
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

  -- Where nothing is stopped for a while. scope is JSON.
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
`;

/** How new a workload is, and which others its owner has: what the brakes ask of a table that was there before. */
export const workloadsTo3 = `
  -- 0: it was known before this was written down, so it is no new one.
  ALTER TABLE workloads ADD COLUMN first_seen_ms INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX workloads_by_owner ON workloads (cluster, namespace, owner, container);
`;
