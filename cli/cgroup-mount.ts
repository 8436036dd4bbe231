import { readFileSync } from 'node:fs';

/** Where cgroup v2 is mounted: `/sys/fs/cgroup` on most machines, elsewhere on hybrid ones; never assumed. */
export function cgroupMount(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [about, type] = line.split(' - ');
    const point = about?.split(' ')[4];
    if (type?.startsWith('cgroup2 ') && point !== undefined) return unescapeMount(point);
  }
  return undefined;
}

/** The kernel writes blank, tab, newline and backslash as octal. */
function unescapeMount(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
