/** What ingest keeps of agents and nodes besides the records themselves. */
export const ingestTables = `
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
`;
