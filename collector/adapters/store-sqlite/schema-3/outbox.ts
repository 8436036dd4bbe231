/** Notices on their way, the sinks they go to, and what was told of what. */
export const outboxTables = `
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
`;
