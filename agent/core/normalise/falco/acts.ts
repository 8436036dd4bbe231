import type { Access } from '../../../../fingerprint/event.ts';
import { execFacts } from './exec.ts';
import { type Facts, pathOf, type Reader } from './facts.ts';
import { type FalcoRecord, flagOf, numberOf, textOf } from './record.ts';

/** Of an attempt that failed Falco tells who made it, not what it was to execute. */
export function executed(record: FalcoRecord): Facts | undefined {
  return failed(record) ? undefined : execFacts(record);
}

function failed(record: FalcoRecord): boolean {
  return (numberOf(record, 'result') ?? 0) < 0;
}

export function openFacts(record: FalcoRecord): Facts | undefined {
  const path = pathOf(record, 'fileName');
  if (path === undefined || !['f', 'd'].includes(textOf(record, 'fileType') ?? 'f')) return undefined;
  const flags = (textOf(record, 'flags') ?? '').split('|');
  const origin = flagOf(record, 'fileUpper')
    ? 'upper'
    : flags.includes('FD_LOWER_LAYER')
      ? 'image'
      : undefined;
  return { kind: 'open', path, access: accessOf(record, flags), ...(origin === undefined ? {} : { origin }) };
}

/** Of a file that is open: what came of it. Of a failed attempt: what was asked for. A directory can only be read. */
function accessOf(record: FalcoRecord, flags: readonly string[]): Access {
  if (textOf(record, 'fileType') === 'd') return 'read';
  // Falco takes O_TMPFILE for creation, and any opened directory for O_TMPFILE: only its own mark counts.
  if (flags.includes('O_F_CREATED') || (failed(record) && flags.includes('O_CREAT'))) return 'create';
  return flags.some((f) => f === 'O_WRONLY' || f === 'O_RDWR' || f === 'O_TRUNC') ? 'write' : 'read';
}

export function changeFacts(access: Access, via: string): Reader {
  return (record) => {
    const path = pathOf(record, 'path') ?? pathOf(record, 'fileName');
    return path === undefined ? undefined : { kind: 'open', path, access, via };
  };
}

export function deleteFacts(record: FalcoRecord): Facts | undefined {
  const path = pathOf(record, 'path');
  return path === undefined ? undefined : { kind: 'delete', path };
}

export function renameFacts(record: FalcoRecord): Facts | undefined {
  const path = pathOf(record, 'pathFrom');
  const to = pathOf(record, 'pathTo');
  return path === undefined || to === undefined ? undefined : { kind: 'rename', path, to };
}

/** Falco sees a link as going from its own name (source) to what it names (target). */
export function linkFacts(symbolic: boolean): Reader {
  return (record) => {
    const path = pathOf(record, 'pathFrom');
    const target = symbolic ? textOf(record, 'pathTo') : pathOf(record, 'pathTo');
    return path === undefined || target === undefined ? undefined : { kind: 'link', path, target, symbolic };
  };
}

export function exitFacts(record: FalcoRecord): Facts {
  const signal = numberOf(record, 'exitSignal') ?? 0;
  return {
    kind: 'exit',
    code: (numberOf(record, 'exitCode') ?? 0) & 0xff,
    ...(signal > 0 && signal <= 64 ? { signal } : {}),
  };
}
