import { fileRows } from './attack-file-rows.ts';
import { type DriftEvidence, escapeToHost, row, type Technique, type TechniqueRow } from './attack-row.ts';
import { type Privilege, privileges } from './event.ts';
import { isModuleRequest } from './module-request.ts';
import type { DriftReason } from './verdict.ts';

const technique = (id: string, name: string, tactic: string): Technique => ({ id, name, tactic });

/** What the kernel was asked for decides, whatever the reason for drift. */
const byPrivilege: Readonly<Record<Privilege, Technique | undefined>> = {
  setns: escapeToHost,
  unshare: escapeToHost,
  mount: escapeToHost,
  'module-load': technique('T1547.006', 'Kernel Modules and Extensions', 'Persistence'),
  ptrace: technique('T1055.008', 'Ptrace System Calls', 'Privilege Escalation'),
  memfd: technique('T1620', 'Reflective Code Loading', 'Defense Evasion'),
  // Each has honest uses, and none of them is a technique by itself.
  chroot: undefined,
  bpf: undefined,
  'io-uring': undefined,
  'compat-syscall': undefined,
  'leave-cgroup': undefined,
  capability: undefined,
};

const privilegeRows: readonly TechniqueRow[] = privileges.flatMap((privilege) => {
  const found = byPrivilege[privilege];
  return found === undefined
    ? []
    : [{ technique: found, shows: (evidence) => uses(privilege, found, evidence) }];
});

function uses(
  privilege: Privilege,
  { id }: Technique,
  { kind, subject, inContainer }: DriftEvidence,
): boolean {
  if (kind !== 'privilege' || subject.split(' ', 1)[0] !== privilege) return false;
  // The kernel asks for modules by itself.
  if (isModuleRequest(privilege, subject.slice(privilege.length + 1))) return false;
  return id !== escapeToHost.id || inContainer === true;
}

/** The program that runs now is an interpreter that the catalogue names. */
function runs(name: RegExp): TechniqueRow['shows'] {
  return ({ kind, lineage }) => kind === 'exec' && name.test(lineage.at(-1)?.split('/').at(-1) ?? '');
}

const programRows: readonly TechniqueRow[] = [
  row('T1059.004', 'Unix Shell', 'Execution', runs(/^(sh|bash|dash|ash|zsh|ksh|mksh|csh|tcsh|fish)$/)),
  row('T1059.006', 'Python', 'Execution', runs(/^python([23](\.\d+)?)?$/)),
  row('T1059.007', 'JavaScript', 'Execution', runs(/^(node|nodejs|deno|bun)$/)),
  row('T1059', 'Command and Scripting Interpreter', 'Execution', runs(/^(perl|ruby|php|lua)(\d+(\.\d+)*)?$/)),
];

const inMemory: TechniqueRow = {
  technique: technique('T1620', 'Reflective Code Loading', 'Defense Evasion'),
  shows: ({ kind, origin }) => (kind === 'exec' || kind === 'load') && origin === 'memory',
};

/** Named so by the catalogue: files that are in memory alone, also where the file system is read-only. */
const sharedMemory: TechniqueRow = {
  technique: technique('T1027.011', 'Fileless Storage', 'Defense Evasion'),
  shows: ({ kind, lineage, subject, origin }) => {
    const path = kind === 'exec' ? (lineage.at(-1) ?? '') : kind === 'load' ? subject : '';
    return origin === 'scratch' && /^\/(dev\/shm|run\/shm|var\/run|var\/lock)\//.test(path);
  },
};

const foreignLibrary: TechniqueRow = {
  technique: technique('T1129', 'Shared Modules', 'Execution'),
  shows: ({ kind, subject, origin }) =>
    kind === 'load' && (origin === 'upper' || origin === 'scratch') && /\.so(\.\d+)*$/.test(subject),
};

const replacedBinary: TechniqueRow = {
  technique: technique('T1554', 'Compromise Host Software Binary', 'Persistence'),
  // Only where the file of the image was written over: a volume is also where a site puts what it means to run.
  shows: ({ kind, origin }) => kind === 'exec' && origin === 'upper',
};

const replacedLibrary: TechniqueRow = {
  technique: technique('T1574', 'Hijack Execution Flow', 'Persistence'),
  shows: ({ kind, origin, subject }) =>
    kind === 'load' && origin === 'upper' && /\.so(\.\d+)*$/.test(subject),
};

const enteredByHand: TechniqueRow = {
  technique: technique('T1609', 'Container Administration Command', 'Execution'),
  shows: ({ kind, root, inContainer }) => kind === 'exec' && root === 'interactive' && inContainer === true,
};

const hookRows: readonly TechniqueRow[] = [
  row(
    'T1574.006',
    'Dynamic Linker Hijacking',
    'Persistence',
    ({ act }) => act?.kind === 'exec' && act.env?.some((name) => name.startsWith('LD_')) === true,
  ),
];

const metadataService: TechniqueRow = row(
  'T1552.005',
  'Cloud Instance Metadata API',
  'Credential Access',
  ({ kind, subject }) => kind === 'connect' && /^(169\.254\.169\.254|\[fd00:ec2::254\]):/.test(subject),
);

/**
 * What each reason for drift may show, or why nothing follows from it. A technique names what an attacker does: it is
 * claimed only where kind and subject are that act whoever does it, never because it often comes with one.
 */
export const techniqueRows: Readonly<Record<DriftReason, readonly TechniqueRow[] | string>> = {
  // What a foreign program does is told under the reason of the program, so everything may be beneath it.
  'new-program': [
    ...programRows,
    inMemory,
    sharedMemory,
    foreignLibrary,
    ...privilegeRows,
    ...fileRows,
    metadataService,
  ],
  'new-lineage': [
    ...programRows,
    inMemory,
    sharedMemory,
    foreignLibrary,
    ...privilegeRows,
    ...fileRows,
    metadataService,
  ],
  'new-arguments': 'a known program with other arguments: what they make it do shows in what it does next',
  'foreign-origin': [replacedBinary, replacedLibrary, inMemory, sharedMemory],
  'new-environment': hookRows,
  'new-file': 'a file that is not sensitive says nothing of what it was touched for',
  'new-access': 'a file that is not sensitive says nothing of what it was touched for',
  'sensitive-file': fileRows,
  'first-egress': [metadataService],
  'new-peer': [metadataService],
  'new-listener': 'services listen; whether it is a way in for somebody the port does not say',
  'new-name': 'names are asked for; whether data leaves in them one name does not say',
  rebinding: 'no technique of the catalogue is a name that answers an address inside',
  'new-privilege': privilegeRows,
  'never-learnable': [
    enteredByHand,
    ...programRows,
    inMemory,
    sharedMemory,
    foreignLibrary,
    ...privilegeRows,
  ],
};
