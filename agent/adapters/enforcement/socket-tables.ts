import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';

/** One read of a socket table: some ten thousand sockets. */
const maxTableBytes = 1024 * 1024;
/** The event loop waits for this one: a thousand sockets, 1 ms. The rest is looked for in the other tables. */
const maxUnixBytes = 64 * 1024;

/** Table by table, so that those read in time count: those of tcp walk the hash of all the host's connections, 3 ms each. */
export async function nameSockets(captured: { files: readonly string[] }, pid: number): Promise<void> {
  for (const name of ['udp', 'udp6', 'tcp', 'tcp6']) {
    if (!captured.files.some((file) => unnamed.test(file))) return;
    const sockets = parseSocketTable(name, await readUpTo(`/proc/${pid}/net/${name}`, maxTableBytes));
    captured.files = captured.files.map((file) => sockets.get(unnamed.exec(file)?.[1] ?? '') ?? file);
  }
}
const unnamed = /^socket:\[(\d+)\]$/;

/** First of all, because it is cheap and most sockets a program inherits are such: then the long tables are not read. */
export function nameUnixSockets(pid: number, files: string[]): string[] {
  if (!files.some((file) => unnamed.test(file))) return files;
  const sockets = parseUnixTable(readTable(`/proc/${pid}/net/unix`));
  return files.map((file) => (sockets.has(unnamed.exec(file)?.[1] ?? '') ? `unix ${file}` : file));
}

/** Takes no lock a process could hold. */
function readTable(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const buffer = Buffer.allocUnsafe(maxUnixBytes);
      let filled = 0;
      for (let got = 1; got > 0 && filled < maxUnixBytes; filled += got)
        got = readSync(fd, buffer, filled, maxUnixBytes - filled, null);
      return buffer.toString('latin1', 0, filled);
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** Opening a file of /proc waits for nobody; each read of it may, and hands out at most one page or line at a time. */
async function readUpTo(path: string, bytes: number): Promise<string> {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await readFd(fd, buffer, filled, bytes - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.toString('utf8', 0, filled);
  } finally {
    closeSync(fd);
  }
}
const readFd = promisify(read);

/** Inode → `tcp 10.0.0.7:4444 → 10.0.0.9:80 established` for the sockets of one table of /proc/<pid>/net. */
export function parseSocketTable(name: string, text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || inode === undefined || inode === '0') continue;
    found.set(
      inode,
      `${name} ${endpoint(local)} → ${endpoint(remote)} ${socketStates[state ?? ''] ?? state}`,
    );
  }
  return found;
}

/** include/net/tcp_states.h; udp uses 01 and 07. */
const socketStates: Readonly<Record<string, string>> = {
  '01': 'established',
  '02': 'syn-sent',
  '03': 'syn-received',
  '04': 'fin-wait-1',
  '05': 'fin-wait-2',
  '06': 'time-wait',
  '07': 'closed',
  '08': 'close-wait',
  '09': 'last-ack',
  '0A': 'listening',
  '0B': 'closing',
};

/** The kernel prints addresses as hex of 32-bit words in host order, the port in network order. */
function endpoint(text: string): string {
  const [address = '', port = '0'] = text.split(':');
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const number = Number.parseInt(port, 16);
  if (bytes.length === 4) return `${bytes.map((b) => Number.parseInt(b, 16)).join('.')}:${number}`;
  const groups = bytes.join('').match(/.{4}/g) ?? [];
  return `[${groups.map((g) => g.toLowerCase().replace(/^0{1,3}/, '')).join(':')}]:${number}`;
}

/**
 * Inodes of those sockets of /proc/<pid>/net/unix that have no name. A name may hold a line break and so a forged
 * row that passes a connection off as a local one. Only a row without a name, right after another such row, is beyond
 * forging: 108 bytes of name have room for one row, and that one follows the name's own.
 */
export function parseUnixTable(text: string): Set<string> {
  // Without the last: the end of the text, or a row that was cut and names another inode.
  const rows = text.split('\n').slice(1, -1);
  const inodes = rows.map((row) => unnamedRow.exec(row)?.[1]);
  return new Set(
    inodes.filter((inode, i) => inode !== undefined && (i === 0 || inodes[i - 1] !== undefined)).map(String),
  );
}
/** Fixed widths, as the kernel prints them: they are what keeps a second forged row from fitting. */
const unnamedRow = /^[0-9a-f]{16}: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{2} +(\d+)$/;
