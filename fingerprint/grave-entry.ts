import type { Entry } from './grants.ts';
import type { ProgramIdentity } from './program.ts';
import { isSensitivePath, neverLearnable } from './sensitive.ts';

/** Whether an entry grants what no amount of watching makes normal: that a person named it is its only right. */
export function isNeverLearnableEntry({ root, exe }: ProgramIdentity, entry: Entry): boolean {
  const actor = { root, lineage: [exe] };
  switch (entry.kind) {
    case 'arguments':
      return neverLearnable({ ...actor, kind: 'exec', args: entry.args });
    case 'origin':
      return neverLearnable({ ...actor, kind: 'exec', args: [], origin: entry.origin });
    case 'file': {
      const origin = entry.origin === undefined ? {} : { origin: entry.origin };
      return entry.act === 'load' && neverLearnable({ ...actor, kind: 'load', path: entry.path, ...origin });
    }
    case 'privilege':
      return neverLearnable({ ...actor, ...entry });
    case 'hook':
    case 'network':
      return false;
  }
}

/** Whether an entry is about a file or socket of the table of what gives the workload or the node away. */
export function isSensitiveEntry(entry: Entry): boolean {
  switch (entry.kind) {
    case 'file':
      return isSensitivePath(entry.path) || (entry.to !== undefined && isSensitivePath(entry.to));
    case 'network':
      return (
        entry.network.do === 'connect' &&
        entry.network.transport === 'unix' &&
        isSensitivePath(entry.network.peer)
      );
    case 'arguments':
    case 'origin':
    case 'hook':
    case 'privilege':
      return false;
  }
}
