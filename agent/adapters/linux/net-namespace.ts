import { readFile } from 'node:fs/promises';
import { readProcLink } from './process-proc.ts';

/** A trie of a node with ten thousand routes; a pod has a dozen. */
const maxBytes = 4 * 1024 * 1024;
/** More than any pod has; a namespace full of addresses is somebody's trick. */
const maxAddresses = 32;

/**
 * The addresses of a process's own network namespace, without loopback and link-local. Empty when it shares the host's:
 * those addresses are everybody's there.
 */
export async function addressesOf(pid: number): Promise<readonly string[]> {
  if (isHostNetwork(pid)) return [];
  const [trie, v6] = await Promise.all([
    readText(`/proc/${pid}/net/fib_trie`),
    readText(`/proc/${pid}/net/if_inet6`),
  ]);
  return [...parseFibTrie(trie), ...parseIfInet6(v6)].slice(0, maxAddresses);
}

/** Pid 1 of the pid namespace the agent lives in is the host's, when the agent sees the host's processes at all. */
function isHostNetwork(pid: number): boolean {
  const own = readProcLink(pid, 'ns/net');
  return (
    own === undefined || own === readProcLink(1, 'ns/net') || own === readProcLink(process.pid, 'ns/net')
  );
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'latin1').catch(() => '');
  return text.length > maxBytes ? '' : text;
}

/** Local addresses: leaves of 32 bits whose line says `host LOCAL`. The table stands there twice. */
export function parseFibTrie(text: string): string[] {
  const found = new Set<string>();
  let leaf = '';
  for (const line of text.split('\n')) {
    leaf = /^\s*\|-- ([\d.]+)$/.exec(line)?.[1] ?? leaf;
    if (/^\s*\/32 host LOCAL$/.test(line) && !leaf.startsWith('127.') && !leaf.startsWith('169.254.'))
      found.add(leaf);
  }
  return [...found];
}

/** Scope of include/net/ipv6.h: 0 is global (private ones too), 0x10 loopback, 0x20 link-local. */
const globalScope = '00';

export function parseIfInet6(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', , , scope] = line.trim().split(/\s+/);
    return scope === globalScope && /^[0-9a-f]{32}$/.test(address) ? [written(address)] : [];
  });
}

/** Eight groups, shortened as RFC 5952 asks: the first longest run of zeros becomes `::`. */
function written(hex: string): string {
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16));
  const runs = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  const text = groups.join(':');
  if (longest === undefined) return text;
  const left = text.slice(0, longest.index).replace(/:$/, '');
  const right = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${left}::${right}`;
}
