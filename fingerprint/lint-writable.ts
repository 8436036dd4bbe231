import type { Behaviour } from './behaviour.ts';
import type { Side } from './diff-side.ts';
import type { Program } from './fingerprint.ts';
import { judge } from './judge.ts';

/** Files that run: executables that were started and whatever is mapped or read as code. */
export function codePaths(programs: readonly Program[]): readonly string[] {
  const paths = new Set<string>();
  for (const p of programs) {
    if (p.args.length > 0) paths.add(p.exe);
    for (const f of p.files) if (f.access.includes('load')) paths.add(f.path);
  }
  return [...paths];
}

/** Whether a program may change this file or put another in its place. */
export function mayWrite(side: Side, path: string): boolean {
  const { exe, root, files } = side.program;
  const opens = (access: 'write' | 'create'): Behaviour => ({
    root,
    lineage: [exe],
    kind: 'open',
    path,
    access,
  });
  const moves = files.some(
    (f) => f.to === path && (f.access.includes('rename') || f.access.includes('link')),
  );
  return moves || [opens('write'), opens('create')].some((b) => judge(b, side.acts).kind === 'expected');
}
