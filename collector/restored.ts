import { FingerprintError } from '../fingerprint/errors.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import type { Audit } from './audit.ts';
import type { DriftStore, Log } from './ports.ts';

/** Written into the database by whoever restored it (adapters/backup/restore.ts); empty once it is on record. */
const settingName = 'restored';

export interface RestoreParts {
  readonly settings: Pick<DriftStore, 'setting' | 'saveSetting'>;
  readonly audit: Pick<Audit, 'record' | 'acceptFork'>;
  readonly log: Log;
}

/**
 * At the first start after a restore: puts on record who did it and why, and lets the audit log go on from the backup in
 * their name. What was published after the backup stays published: that, and the two entries, are the trace.
 *
 * @throws StoreError
 */
export async function tellRestore({ settings, audit, log }: RestoreParts): Promise<void> {
  const text = (await settings.setting(settingName)) ?? '';
  if (text === '') return;
  const { author, reason, ...detail } = readNote(text);
  await audit.record({ type: 'restored', author, reason, detail });
  const isFork = await audit.acceptFork({ author, reason: `restored from a backup: ${reason}` });
  // Last: who ends in between tells it twice, which is better than never.
  await settings.saveSetting(settingName, '');
  log.warn({ author, reason, isFork, restored: detail }, 'the database was restored from a backup');
}

interface Note {
  readonly author: string;
  readonly reason: string;
  readonly [more: string]: unknown;
}

/** Our own text. Were it another's, that it was restored is to be on record all the same. */
function readNote(text: string): Note {
  const value = parsed(text);
  const note = typeof value === 'object' && value !== null ? { ...value } : { note: text.slice(0, 1000) };
  const of = (name: string): string => {
    const found: unknown = Reflect.get(note, name);
    return typeof found === 'string' && found !== '' ? found : 'unknown';
  };
  return { ...note, author: of('author'), reason: of('reason') };
}

function parsed(text: string): unknown {
  try {
    return parseJson(Buffer.from(text));
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}
