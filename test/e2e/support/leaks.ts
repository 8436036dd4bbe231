import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { needlesOf, type Planted } from './planted-secrets.ts';
import type { WatchedStack } from './watched-stack.ts';

/** Every byte that any of our processes wrote, said or showed, by where. */
export function everyByteOf(stack: WatchedStack): ReadonlyMap<string, Buffer> {
  const files = filesBelow(stack.dir);
  // A copy of a dropped program is the program's own bytes.
  const written = files.filter((file) => !file.endsWith('.bin'));
  return new Map([
    ...written.map((file): [string, Buffer] => [relative(stack.dir, file), readFileSync(file)]),
    // Names of files are bytes on the disk too.
    ['names of files', Buffer.from(files.join('\n'))],
    ['output of processes', Buffer.from(stack.said.join('\n'))],
    ['terminal', Buffer.from(stack.terminal.join('\n'))],
  ]);
}

/** Which secrets stand where. */
export function leaksIn(places: ReadonlyMap<string, Buffer>, planted: readonly Planted[]): string[] {
  return [...places].flatMap(([place, bytes]) =>
    planted
      .filter((p) => needlesOf(p.secret).some((needle) => bytes.includes(needle)))
      .map((p) => `${p.what} in ${place}`),
  );
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name));
}
