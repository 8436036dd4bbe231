/** Who may use the API. Of a token only its hash is kept. */
export const accessTables = `
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
`;
