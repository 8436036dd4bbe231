import type { Seen } from './accept-source.ts';
import { CliError, exitCodes } from './exit.ts';
import { postReview, theCollector } from './incident-source.ts';
import { shownId } from './incident-text.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import type { PushOptions } from './push.ts';

export interface ReviewOptions extends PushOptions {
  readonly reason: string;
  /** False with `--no-review`. */
  readonly review?: boolean;
}

/** What was signed of what an incident showed. */
export interface Accepted {
  readonly seen: Seen;
  readonly granted: number;
  readonly digest: string;
  /** RFC 3339. */
  readonly until?: string;
}

/**
 * Closes the incident whose drifts were granted, in the words of the document that grants them. One of which a part is not
 * granted stays open: closed, what is left of it would fall silent with nobody having granted it.
 * @throws CliError when it is handed over and the incident could not be closed
 */
export async function reviewAccepted(io: Io, options: ReviewOptions, accepted: Accepted): Promise<void> {
  const { seen, granted, digest, until } = accepted;
  const { push, dryRun, review, reason } = options;
  const { incident } = seen;
  if (incident === undefined || push !== true || review === false) return;
  const left = seen.drifts.length - granted + seen.more;
  if (left > 0)
    return io.err(
      `the incident ${shownId(incident.id)} stays open: ${counted(left, 'drift')} of it not granted`,
    );
  const act = until === undefined ? 'approved' : 'accepted';
  if (dryRun === true) return io.err(`would close the incident ${shownId(incident.id)} as ${act}`);
  const ends = until === undefined ? {} : { until: Date.parse(until) };
  try {
    const collector = await theCollector(io, options, 'whorl login to one elsewhere');
    await postReview(collector, incident, { act, reason, document: digest, ...ends });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const what = `it is handed over, but the incident ${shownId(incident.id)} was not closed`;
    throw new CliError(
      exitCodes.incomplete,
      `${what}: ${error.message}`,
      `look at it: whorl incidents ${shownId(incident.id)}`,
      { cause: error },
    );
  }
  io.err(`the incident ${shownId(incident.id)} is closed as ${act}; whorl incidents undo opens it again`);
}
