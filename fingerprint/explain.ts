import type { Behaviour } from './behaviour.ts';
import { behaviourKinds } from './event.ts';
import type { Baseline, FileEntry, NetworkEntry, Program } from './fingerprint.ts';
import { originNote, predicate, quoted } from './phrase.ts';
import { printable } from './printable.ts';
import { baseName } from './program.ts';
import { isSensitivePath } from './sensitive.ts';

/** Sentences for `inspect` and `explain`. All strings are safe for a terminal. */

/** How many items of one list a summary names. */
const named = 5;

/** One behaviour as a sentence: who, below whom, did what. */
export function explainBehaviour(b: Behaviour): string {
  // Who starts a program is the one above it; everything else is done by the program itself.
  const chain = b.kind === 'exec' ? b.lineage.slice(0, -1) : b.lineage;
  const who = chain.at(-1);
  const above = chain.slice(0, -1).map(baseName);
  const below = above.length === 0 ? '' : `, below ${printable(above.join(' → '), 200)},`;
  const subject = who === undefined ? `the ${rootName(b.root)}` : `${quoted(who)}${below}`;
  return `${subject} ${predicate(b)}`;
}

function rootName(root: Behaviour['root']): string {
  switch (root) {
    case 'entrypoint':
      return 'entrypoint';
    case 'probe':
      return 'probe';
    case 'interactive':
      return 'person who entered';
    case 'found':
      return 'state found by the agent';
  }
}

/** A baseline in lines: what it is about, what it covers, and one block per program. */
export function describeBaseline(
  b: Pick<Baseline, 'subject' | 'coverage' | 'behaviour' | 'observation'>,
): string[] {
  const { observation: o } = b;
  const blind = behaviourKinds.filter((k) => !b.coverage.includes(k));
  return [
    `${printable(`${b.subject.name}@${b.subject.digest}`, 600)}`,
    `learned from ${o.startedAt} to ${o.finishedAt} by ${printable(o.source, 60)}: ${o.events} events, ${o.lost} lost, ${instances(o.instances.length)}`,
    `judges ${b.coverage.join(', ') || 'nothing'}${blind.length === 0 ? '' : `; does not judge ${blind.join(', ')}`}`,
    ...b.behaviour.programs.flatMap((p) => describeProgram(p, b.behaviour.programs)),
  ];
}

function instances(n: number): string {
  return n === 1 ? '1 instance' : `${n} instances`;
}

function describeProgram(p: Program, all: readonly Program[]): string[] {
  const starters = p.parents.map((id) => all.find((q) => q.id === id)?.exe ?? `the ${id.slice(1)}`);
  const from =
    starters.length === 0 ? 'somebody unseen' : [...new Set(starters)].map((s) => printable(s)).join(', ');
  const origin = p.origins.length === 0 ? '' : ` from ${p.origins.join(', ')}`;
  return [
    `${p.id} ${quoted(p.exe)}${origin}, started by ${from}`,
    ...p.args.map((args) => `  runs ${quoted(args.join(' '), 200)}`),
    ...(p.env.length === 0 ? [] : [`  with ${printable(p.env.join(', '), 200)} set`]),
    ...describeFiles(p.files),
    ...p.network.map((n) => `  ${describeNetwork(n)}`),
    ...p.privileges.map(
      (x) => `  may ${x.privilege}${x.detail === undefined ? '' : ` (${printable(x.detail, 80)})`}`,
    ),
  ];
}

/** Counts by what is done; sensitive files and all that changes something by name. */
function describeFiles(files: readonly FileEntry[]): string[] {
  const acts = new Map<string, FileEntry[]>();
  for (const f of files) {
    const what = f.access.join('+');
    acts.set(what, [...(acts.get(what) ?? []), f]);
  }
  return [...acts].map(([what, entries]) => {
    const grave = entries.filter((f) => isSensitivePath(f.path));
    const shown = [...grave, ...entries.filter((f) => !grave.includes(f))].slice(0, named);
    const rest = entries.length - shown.length;
    const names = shown.map(
      (f) => `${quoted(f.path)}${f.to === undefined ? '' : ` → ${quoted(f.to)}`}${originNote(f.origin)}`,
    );
    const sensitive = grave.length === 0 ? '' : ` (${grave.length} sensitive)`;
    return `  ${what} ${entries.length === 1 ? '1 file' : `${entries.length} files`}${sensitive}: ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  });
}

function describeNetwork(n: NetworkEntry): string {
  switch (n.do) {
    case 'connect':
      return n.transport === 'unix'
        ? `connects to the socket ${quoted(n.peer)}`
        : `connects to ${printable(n.peer)}:${n.port < 0 ? 'any drawn port' : n.port} (${n.transport})`;
    case 'listen':
      return `listens on ${n.transport} port ${n.port < 0 ? 'drawn by the kernel' : n.port}`;
    case 'resolve':
      return `asks for the name ${quoted(n.name)}`;
  }
}
