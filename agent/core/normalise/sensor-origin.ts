import type { Origin } from '../../../fingerprint/event.ts';
import { fact } from './sensor-record.ts';

const scratchDirectories = ['/tmp/', '/var/tmp/', '/dev/shm/', '/run/'];

/**
 * Where the bytes of a file came from, decided from what the kernel said of it. Undefined where it said nothing (a pipe).
 * A process in the host's mount namespace has no image: its separate mounts (/usr, /home) are no foreign volumes.
 */
export function originOf(facts: number, path: string): Origin | undefined {
  const has = (f: number) => (facts & f) !== 0;
  if (has(fact.kernelMount)) return has(fact.tmpfs) ? 'memory' : undefined;
  if (has(fact.rootMount)) return originOnRoot(facts, path);
  if (has(fact.tmpfs)) return 'scratch';
  return has(fact.hostNamespace) ? byPath(path) : 'volume';
}

function originOnRoot(facts: number, path: string): Origin | undefined {
  const has = (f: number) => (facts & f) !== 0;
  // A host may live on an overlay too (live systems, development containers): there the upper layer is what was installed.
  const layered = has(fact.overlay) && !has(fact.layerUnknown) && !has(fact.hostNamespace);
  // Whoever writes below a directory has it copied up: of what it shows, nobody can say then whose it is.
  if (layered && has(fact.upper)) return isDirectory(facts) ? undefined : 'upper';
  if (layered) return 'image';
  // A container whose whole root lies in memory was not made from an image; a host may have been (initramfs).
  if (has(fact.tmpfs) && !has(fact.hostNamespace)) return 'scratch';
  return byPath(path);
}

/** The type of the file, S_IFDIR >> 12. */
const isDirectory = (facts: number): boolean => ((facts >>> 12) & 15) === 4;

function byPath(path: string): Origin {
  return scratchDirectories.some((d) => path.startsWith(d)) ? 'scratch' : 'image';
}
