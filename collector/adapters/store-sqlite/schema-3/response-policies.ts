/** Response policies are kept for ever, and a decision names the rule that made it. */
export const responsePolicyTables = `
-- Every response policy that a person set, with who and why. The highest version is in force; none is ever changed.
CREATE TABLE response_policies (
  version   INTEGER PRIMARY KEY,
  document  TEXT NOT NULL,
  author    TEXT NOT NULL,
  reason    TEXT NOT NULL,
  set_at_ms INTEGER NOT NULL
) STRICT;
`;

/** What a decision did not say before: a rule of the response policy, and what would have been done in a dry run. */
export const decisionsTo3 = `
ALTER TABLE decisions ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN would_action TEXT NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN would_reason TEXT NOT NULL DEFAULT '';
`;
