import type { Actor, Behaviour } from './behaviour.ts';
import type { Origin, Privilege } from './event.ts';
import { isModuleRequest } from './module-request.ts';

/**
 * One row of the table of what no amount of watching makes normal, only approval by name (docs/format.md). The test walks
 * through the examples and counter-examples.
 */
export interface NeverLearnableRow {
  readonly id: string;
  readonly what: string;
  readonly applies: (b: Behaviour) => boolean;
  readonly examples: readonly Behaviour[];
  readonly counterExamples: readonly Behaviour[];
}

const foreignOrigins: ReadonlySet<Origin> = new Set(['upper', 'scratch', 'memory']);
const waysOut: ReadonlySet<Privilege> = new Set([
  'setns',
  'unshare',
  'mount',
  'module-load',
  'bpf',
  'ptrace',
]);

const app: Actor = { root: 'entrypoint', lineage: ['/app'] };
const hand: Actor = { root: 'interactive', lineage: ['/bin/sh'] };

export const neverLearnableRows: readonly NeverLearnableRow[] = [
  {
    id: 'foreign-code',
    what: 'exec or load of a file written into the container (`upper`), on tmpfs (`scratch`) or in `memory`',
    applies: (b) =>
      (b.kind === 'exec' || b.kind === 'load') && b.origin !== undefined && foreignOrigins.has(b.origin),
    examples: [
      { ...app, kind: 'exec', args: [], origin: 'upper' },
      { ...app, kind: 'exec', args: [], origin: 'scratch' },
      { ...app, kind: 'exec', args: [], origin: 'memory' },
      { ...app, kind: 'load', path: '/tmp/x.so', origin: 'scratch' },
      { ...app, kind: 'load', path: 'memfd:x', origin: 'memory' },
    ],
    counterExamples: [
      { ...app, kind: 'exec', args: [], origin: 'image' },
      { ...app, kind: 'exec', args: [], origin: 'volume' },
      { ...app, kind: 'exec', args: [], origin: 'carried' },
      { ...app, kind: 'exec', args: [] },
      { ...app, kind: 'load', path: '/lib/x.so', origin: 'image' },
      { ...app, kind: 'load', path: '/tools/x.so', origin: 'carried' },
      { ...app, kind: 'open', path: '/srv/x', access: 'write', origin: 'upper' },
    ],
  },
  {
    id: 'way-out',
    what: 'the privileges `setns`, `unshare`, `mount`, `module-load` (but what the kernel asks for by itself), `bpf`, `ptrace`',
    applies: (b) =>
      b.kind === 'privilege' && waysOut.has(b.privilege) && !isModuleRequest(b.privilege, b.detail),
    examples: [...waysOut].map((privilege) => ({ ...app, kind: 'privilege', privilege })),
    counterExamples: [
      { ...app, kind: 'privilege', privilege: 'chroot' },
      { ...app, kind: 'privilege', privilege: 'memfd' },
      { ...app, kind: 'privilege', privilege: 'capability', detail: 'CAP_CHOWN' },
      // Whether a module is there already is the node's doing, not the program's.
      { ...app, kind: 'privilege', privilege: 'module-load', detail: 'requested net-pf-38' },
    ],
  },
  {
    id: 'interactive',
    what: 'a program that somebody started inside by hand',
    applies: (b) => b.kind === 'exec' && b.root === 'interactive',
    examples: [{ ...hand, kind: 'exec', args: ['sh'], origin: 'image' }],
    counterExamples: [
      { ...app, root: 'probe', kind: 'exec', args: ['sh'], origin: 'image' },
      // What such a session does is not learned either, but it is judged by what it does.
      { ...hand, kind: 'open', path: '/srv/x', access: 'read' },
    ],
  },
];
