import { isAddress, toAddress } from './address.ts';
import { isHostName, toName } from './host-name.ts';
import { isSensitivePath } from './sensitive.ts';

/** A place that a directory of the site's may not be: why, and whether what lies below it is meant too. */
export interface RefusedDirectory {
  readonly directory: string;
  readonly below: boolean;
  readonly why: string;
}

const code = 'holds code that the image brought';
const whole = 'is a tree of many owners, not one volume';

/**
 * Directories that no volume parameter may stand for: a vendor who was told that `data` is `/usr` would be allowed what
 * nobody meant to allow. Sensitive paths (sensitive.ts) are refused besides.
 */
export const refusedDirectories: readonly RefusedDirectory[] = [
  { directory: '/', below: false, why: whole },
  { directory: '/usr', below: true, why: code },
  { directory: '/bin', below: true, why: code },
  { directory: '/sbin', below: true, why: code },
  { directory: '/lib', below: true, why: code },
  { directory: '/lib32', below: true, why: code },
  { directory: '/lib64', below: true, why: code },
  { directory: '/libx32', below: true, why: code },
  { directory: '/boot', below: true, why: code },
  { directory: '/etc', below: true, why: 'holds what programs are told to do' },
  { directory: '/proc', below: true, why: 'shows other processes and the kernel' },
  { directory: '/sys', below: true, why: 'shows the machine and the kernel' },
  { directory: '/dev', below: true, why: 'holds devices' },
  { directory: '/opt', below: false, why: whole },
  { directory: '/var', below: false, why: whole },
  { directory: '/var/lib', below: false, why: whole },
  { directory: '/var/run', below: false, why: whole },
  { directory: '/run', below: false, why: whole },
  { directory: '/home', below: false, why: whole },
  { directory: '/root', below: false, why: whole },
];

/** What is wrong with a directory as the value of a volume parameter; undefined when it may be bound. */
export function directoryProblem(directory: string): string | undefined {
  if (!directory.startsWith('/')) return 'must be an absolute path';
  // A pattern or a placeholder would stand for more than the directory that was read by whoever signed.
  if (/[{}*?]/.test(directory)) return 'must be one directory, without wildcards or placeholders';
  const segments = directory.split('/').slice(1);
  if (directory !== '/' && segments.some((s) => s === '' || s === '.' || s === '..'))
    return 'must be written without //, . and .. and without a slash at the end';
  return undefined;
}

/** Why a directory of the right form may not be bound; undefined when it may. */
export function directoryRefusal(directory: string): string | undefined {
  const row = refusedDirectories.find(
    (r) => r.directory === directory || (r.below && directory.startsWith(`${r.directory}/`)),
  );
  if (row !== undefined) return row.why;
  const sensitive = [directory, `${directory}/`, `${directory}/x`].some(isSensitivePath);
  return sensitive ? 'holds what gives the workload or the node away' : undefined;
}

const workloadForm = /^workload:[^\s\p{Cc}/{}]+(?:\/[^\s\p{Cc}/{}]+)+$/u;

/** The one spelling of a peer that a parameter may stand for: host name, address, or workload. Undefined: none of them. */
export function peerSpelling(peer: string): string | undefined {
  if (isAddress(peer)) return toAddress(peer);
  if (workloadForm.test(peer)) return peer;
  const name = toName(peer);
  return isHostName(name) ? name : undefined;
}
