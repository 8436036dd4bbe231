import type { Root } from './behaviour.ts';
import { FingerprintError } from './errors.ts';
import type { Access } from './event.ts';
import { ImportDraft, type Imported } from './import-draft.ts';
import { translatePath } from './import-path.ts';
import { ObjectReader, readText } from './object-reader.ts';
import { baseName } from './program.ts';
import { isSensitivePath } from './sensitive.ts';
import type { Subject } from './workload.ts';

/** One container of a document, ready to be converted. */
export interface RadContainer {
  readonly name: string;
  /** As the document names it; absent where it does not. */
  readonly image?: string;
  readonly digest?: string;
  readonly madeAt?: string;
  /** Process trees by how they came into the container. */
  readonly trees: readonly { readonly roots: readonly Root[]; readonly process: RadProcess }[];
}

interface RadProcess {
  /** What it executed, one after the other. */
  readonly programs: readonly { readonly comm: string; readonly args: readonly string[] }[];
  readonly files: readonly string[];
  readonly connections: readonly { readonly peer: string; readonly port: number }[];
  readonly children: readonly RadProcess[];
}

const maxItems = 20_000;
/** Far deeper than any recorded tree (7), and no stack of ours is in danger. */
const maxDepth = 64;

/**
 * Reads a fingerprint of RAD (`rad.ksoc.com/v1alpha1`). Unknown members are left alone: they are another product's, and
 * what they might grant is not taken over.
 * @throws FingerprintError SCHEMA
 */
export function readRad(value: unknown): readonly RadContainer[] {
  const r = new ObjectReader(value, '');
  if (!r.has('containers') || r.raw('kind') !== 'Fingerprint') {
    throw new FingerprintError(
      'SCHEMA',
      'is no fingerprint of RAD: kind must be Fingerprint, with containers',
    );
  }
  const madeAt = r.has('metadata') ? textOf(r.value('metadata', reader), 'creationTimestamp') : undefined;
  return r.list('containers', (v, f) => readContainer(v, f, madeAt), 100);
}

function reader(value: unknown, field: string): ObjectReader {
  return new ObjectReader(value, field);
}

function textOf(r: ObjectReader, name: string): string | undefined {
  return r.has(name) ? r.text(name) : undefined;
}

function readContainer(value: unknown, field: string, madeAt: string | undefined): RadContainer {
  const r = new ObjectReader(value, field);
  const image = textOf(r, 'imageName');
  const digest = textOf(r, 'imageDigest');
  const tree = (name: string, roots: readonly Root[]): RadContainer['trees'] => {
    if (!r.has(name)) return [];
    const holder = r.value(name, reader);
    return [{ roots, process: holder.value('process', (v, f) => readProcess(v, f, 0)) }];
  };
  return {
    name: r.text('name', 256),
    ...(image === undefined ? {} : { image }),
    ...(digest === undefined ? {} : { digest }),
    ...(madeAt === undefined ? {} : { madeAt }),
    // What entered by exec may have been a probe of the pod spec or a person: the format does not tell.
    trees: [...tree('entrypoint', ['entrypoint']), ...tree('exec', ['probe', 'interactive'])],
  };
}

function readProcess(value: unknown, field: string, depth: number): RadProcess {
  if (depth > maxDepth) throw new FingerprintError('SCHEMA', 'is nested too deep', { field });
  const r = new ObjectReader(value, field);
  const list = <T>(name: string, item: (v: unknown, f: string) => T): T[] =>
    r.has(name) && r.raw(name) !== null ? r.list(name, item, maxItems) : [];
  return {
    programs: list('programs', (v, f) => {
      const p = new ObjectReader(v, f);
      const args =
        p.has('args') && p.raw('args') !== null ? p.list('args', (a, at) => readText(a, at), 2048) : [];
      return { comm: textOf(p, 'comm') ?? '', args };
    }),
    files: list('files', (v, f) => new ObjectReader(v, f).text('path')),
    connections: list('connections', readConnection),
    children: list('children', (v, f) => readProcess(v, f, depth + 1)),
  };
}

function readConnection(value: unknown, field: string): RadProcess['connections'][number] {
  const r = new ObjectReader(value, field);
  const hostname = textOf(r, 'hostname') ?? '';
  // The name is what stays: published files of one software hold another address of it each.
  return { peer: hostname === '' ? r.text('address') : hostname, port: r.integer('port', 0, 65_535) };
}

/**
 * The container as a baseline. Identical siblings become one program; each lineage, argument vector, file and peer of the
 * tree is accepted by the result. What the format cannot say (libraries, listeners, names asked for, privileges) is not
 * in `coverage`.
 *
 * @param madeAt for a document that does not say when it was made.
 */
export function convertRad(container: RadContainer, subject: Subject, madeAt: string): Imported {
  const tree = new RadTree();
  for (const { roots, process } of container.trees) for (const root of roots) tree.add(root, [[]], process);
  const notes = [
    'files outside the code directories may be read, written and created, since the format does not tell which',
    'peers may be reached by tcp and udp, since the format does not tell which',
    ...(tree.chained ? ['what a process did that executed several programs is granted to each of them'] : []),
    ...(tree.nameOnly > 0
      ? [`${tree.nameOnly} programs are known by name alone: no path of theirs is given`]
      : []),
    ...(container.trees.some((t) => t.roots.includes('interactive'))
      ? ['what entered by exec is granted as a probe and as a session by hand; delete those you do not want']
      : []),
  ];
  return tree.draft.finish({
    subject,
    coverage: ['exec', 'open', 'connect'],
    madeAt: container.madeAt ?? madeAt,
    source: 'import rad',
    notes,
  });
}

type Lineage = readonly string[];

class RadTree {
  readonly draft = new ImportDraft();
  readonly #nameOnly = new Set<string>();
  chained = false;

  get nameOnly(): number {
    return this.#nameOnly.size;
  }

  /** @param above the lineages that may have started it: one per program its parent ran */
  add(root: Root, above: readonly Lineage[], process: RadProcess): void {
    const ran =
      process.programs.length === 0 ? above.filter((l) => l.length > 0) : this.#execute(root, above, process);
    if (process.programs.length > 1) this.chained = true;
    for (const lineage of ran) {
      for (const file of process.files) this.#file(root, lineage, file);
      for (const { peer, port } of process.connections) this.#connect(root, lineage, peer, port);
    }
    for (const child of process.children) this.add(root, ran.length === 0 ? [[]] : ran, child);
  }

  /** Each program below the one before it; the first below whatever may have started the process. */
  #execute(root: Root, above: readonly Lineage[], process: RadProcess): readonly Lineage[] {
    const all: Lineage[] = [];
    let starters = above;
    for (const program of process.programs) {
      const exe = this.#exeOf(program, process.files);
      starters = starters.map((lineage) => [...lineage, exe].slice(-16));
      const args = program.args.length === 0 ? [program.comm] : program.args;
      for (const lineage of starters) this.draft.add({ root, lineage, kind: 'exec', args });
      all.push(...starters);
    }
    return distinct(all);
  }

  /** The path in the first argument; else of a file of that name which the process opened; else the bare name. */
  #exeOf(program: RadProcess['programs'][number], files: readonly string[]): string {
    const first = program.args[0] ?? program.comm;
    if (first.startsWith('/')) return first;
    const opened = files.filter((path) => !path.includes('*') && baseName(path) === baseName(first));
    if (opened.length === 1 && opened[0] !== undefined) return opened[0];
    const name = first === '' ? program.comm || 'unknown' : first;
    this.#nameOnly.add(name);
    return name;
  }

  #file(root: Root, lineage: Lineage, path: string): void {
    const translated = translatePath(path, { one: '*' });
    if ('leftOut' in translated) {
      this.draft.leaveOut(path, translated.leftOut);
      return;
    }
    if (translated.isDated) this.draft.dated();
    for (const access of accessesOf(translated.path)) {
      const open = { root, lineage, kind: 'open', access } as const;
      // The name as it was written stays too: whoever compares the two documents finds it.
      this.draft.add({ ...open, path });
      if (translated.isPattern) this.draft.addPattern({ ...open, path: translated.path }, path);
    }
  }

  #connect(root: Root, lineage: Lineage, peer: string, port: number): void {
    if (peer.includes('*')) this.draft.leaveOut(`${peer}:${port}`, 'peer-pattern');
    else
      for (const transport of ['tcp', 'udp'] as const)
        this.draft.add({
          root,
          lineage,
          kind: 'connect',
          transport,
          peer: peer.replace(/\.$/, '').toLowerCase(),
          port,
        });
  }
}

/** Lineages whose last three programs are the same stand for the same place. */
function distinct(lineages: readonly Lineage[]): readonly Lineage[] {
  return [...new Map(lineages.map((l) => [l.slice(-3).join('\0'), l])).values()];
}

const codeDirectory = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|boot|proc|sys)\//;

/** To be fair to a format without open flags is not to let it overwrite code or credentials. */
function accessesOf(path: string): readonly Access[] {
  return codeDirectory.test(path) || isSensitivePath(path) ? ['read'] : ['read', 'write', 'create'];
}
