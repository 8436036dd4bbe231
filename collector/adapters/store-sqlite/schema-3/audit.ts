/** The log: an RFC 6962 tree whose leaves are rows of `audit` and whose other nodes are `audit_nodes`, complete subtrees alone. */
export const auditTables = `
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
`;
