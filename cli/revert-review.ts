import type { ApiClient } from './api-client.ts';
import { about, CliError } from './exit.ts';
import { type IncidentDetail, readDetail, readListed } from './incident-rows.ts';
import { postReview, theCollector } from './incident-source.ts';
import { shownId } from './incident-text.ts';
import type { Io } from './io.ts';
import type { PushOptions } from './push.ts';

/** More incidents are not closed by one overlay that a person has read. */
const maxIncidents = 500;

/** What was taken back, and by which words. */
export interface TakenBack {
  /** Digest of the overlay that says nothing any more. */
  readonly digest: string;
  readonly reason: string;
}

/**
 * Opens the incidents again that were closed by an overlay: it grants nothing any more, so what they showed is drift, and
 * must not come back in silence.
 * @throws CliError when the collector cannot be asked
 */
export async function reopenBy(io: Io, options: PushOptions, { digest, reason }: TakenBack): Promise<void> {
  const collector = await theCollector(io, options, 'whorl login to one elsewhere');
  const rows = await collector.list('/incidents', { document: digest, state: 'closed' }, maxIncidents);
  for (const { id } of about(collector.where, () => rows.map(readListed))) {
    const found = await detailOf(collector, id);
    if (standing(found) === digest) await reopen(io, collector, found, reason);
  }
}

async function detailOf(collector: ApiClient, id: string): Promise<IncidentDetail> {
  const answer = await collector.call({ method: 'GET', path: `/incidents/${encodeURIComponent(id)}` });
  return about(collector.where, () => readDetail(answer));
}

/** By what it was decided last; what was decided since by other means is not this overlay's to take back. */
function standing({ history }: IncidentDetail): string | undefined {
  const last = history.findLast(({ act }) => act !== 'note');
  return last?.act === 'approved' || last?.act === 'accepted' ? last.document : undefined;
}

/** One that somebody changes at this moment keeps nobody from opening the others. */
async function reopen(io: Io, collector: ApiClient, row: IncidentDetail, reason: string): Promise<void> {
  const id = shownId(row.id);
  try {
    await postReview(collector, row, { act: 'undone', reason });
    io.err(`the incident ${id} that it had closed is open again`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    io.err(`the incident ${id} is still closed: ${error.message}; whorl incidents undo ${id} opens it`);
    io.exit(error.exitCode);
  }
}
