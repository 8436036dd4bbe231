/** Who may be an agent: what lets a machine in, what was signed for it, and who was shut out. */
export const identityTables = `
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
`;
