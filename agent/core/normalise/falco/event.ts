import type { Access } from '../../../../fingerprint/event.ts';
import { execFacts } from './exec.ts';
import { type Facts, pathOf, type Reader } from './facts.ts';
import { acceptFacts, bindFacts, connectFacts, listenFacts, sendFacts } from './network.ts';
import { privilegeReaders } from './privilege.ts';
import { type FalcoRecord, flagOf, numberOf, textOf } from './record.ts';

export type { Facts };

/** System call → what it means. Those that are not here say nothing of a kind that is judged. */
const readers: Readonly<Record<string, Reader>> = {
  ...every(['execve', 'execveat'], (r) => (failed(r) ? undefined : execFacts(r))),
  ...every(['open', 'openat', 'openat2', 'creat', 'open_by_handle_at'], openFacts),
  ...every(['unlink', 'unlinkat', 'rmdir'], deleteFacts),
  ...every(['rename', 'renameat', 'renameat2'], renameFacts),
  ...every(['link', 'linkat'], linkFacts(false)),
  ...every(['symlink', 'symlinkat'], linkFacts(true)),
  ...every(['chmod', 'fchmod', 'fchmodat', 'fchmodat2'], changeFacts('write', 'chmod')),
  ...every(['chown', 'fchown', 'lchown', 'fchownat'], changeFacts('write', 'chown')),
  ...every(['truncate', 'ftruncate'], changeFacts('write', 'truncate')),
  ...every(['mkdir', 'mkdirat'], changeFacts('create', 'mkdir')),
  ...every(['mknod', 'mknodat'], changeFacts('create', 'mknod')),
  connect: connectFacts,
  ...every(['sendto', 'sendmsg', 'sendmmsg'], sendFacts),
  ...every(['accept', 'accept4'], acceptFacts),
  listen: listenFacts,
  bind: bindFacts,
  procexit: exitFacts,
  ...privilegeReaders,
};

/** The facts of one alert that is an act. */
export function factsOf(record: FalcoRecord): Facts | undefined {
  const call = textOf(record, 'type') ?? '';
  const facts = Object.hasOwn(readers, call) ? readers[call]?.(record) : undefined;
  const error = errorOf(record);
  return facts === undefined || error === undefined ? facts : { ...facts, error };
}

function every(calls: readonly string[], reader: Reader): Record<string, Reader> {
  return Object.fromEntries(calls.map((call) => [call, reader]));
}

function failed(record: FalcoRecord): boolean {
  return (numberOf(record, 'result') ?? 0) < 0;
}

/** A connect that is still under way is an ordinary one. */
function errorOf(record: FalcoRecord): number | undefined {
  const result = numberOf(record, 'result') ?? 0;
  if (result >= 0 || result < -4095 || textOf(record, 'resultName') === 'EINPROGRESS') return undefined;
  return -result;
}

function openFacts(record: FalcoRecord): Facts | undefined {
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

function changeFacts(access: Access, via: string): Reader {
  return (record) => {
    const path = pathOf(record, 'path') ?? pathOf(record, 'fileName');
    return path === undefined ? undefined : { kind: 'open', path, access, via };
  };
}

function deleteFacts(record: FalcoRecord): Facts | undefined {
  const path = pathOf(record, 'path');
  return path === undefined ? undefined : { kind: 'delete', path };
}

function renameFacts(record: FalcoRecord): Facts | undefined {
  const path = pathOf(record, 'pathFrom');
  const to = pathOf(record, 'pathTo');
  return path === undefined || to === undefined ? undefined : { kind: 'rename', path, to };
}

/** Falco sees a link as going from its own name (source) to what it names (target). */
function linkFacts(symbolic: boolean): Reader {
  return (record) => {
    const path = pathOf(record, 'pathFrom');
    const target = symbolic ? textOf(record, 'pathTo') : pathOf(record, 'pathTo');
    return path === undefined || target === undefined ? undefined : { kind: 'link', path, target, symbolic };
  };
}

function exitFacts(record: FalcoRecord): Facts {
  const signal = numberOf(record, 'exitSignal') ?? 0;
  return {
    kind: 'exit',
    code: (numberOf(record, 'exitCode') ?? 0) & 0xff,
    ...(signal > 0 && signal <= 64 ? { signal } : {}),
  };
}
