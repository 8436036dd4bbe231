import { type CoverageWord, canonicalCoverage } from '../../../../fingerprint/coverage.ts';
import { fileHooks } from './file-hooks.ts';
import type { Hook } from './hook.ts';
import { networkHooks } from './network-hooks.ts';
import { privilegeHooks } from './privilege-hooks.ts';

/**
 * Every place in the kernel where our policies listen. Tetragon says of an event which policy and function it is of, and
 * its arguments by position: what they mean stands here alone, for the reader, the look at a record and the test that
 * holds deploy/sources/tetragon/ equal to it.
 */
export const hooks: readonly Hook[] = [...fileHooks, ...networkHooks, ...privilegeHooks];

/** What each policy lets us see. */
const policyCoverage: ReadonlyMap<string, readonly CoverageWord[]> = new Map<string, readonly CoverageWord[]>(
  [
    ['whorl-files', ['open']],
    ['whorl-files-kprobe', ['open']],
    ['whorl-code', ['load']],
    ['whorl-changes', ['link', 'delete', 'rename']],
    ['whorl-network', ['connect', 'listen']],
    ['whorl-unix', []],
    [
      'whorl-privileges',
      [
        'module-load',
        'module-request',
        'ptrace',
        'memfd',
        'setns',
        'unshare',
        'mount',
        'chroot',
        'bpf',
        'io-uring',
      ],
    ],
    ['whorl-capabilities', ['capability']],
  ],
);

/** The policies there are, and of those that stand for each other the first. */
const wanted = ['whorl-files', 'whorl-code', 'whorl-changes', 'whorl-network', 'whorl-privileges'];

/** What is seen with these policies; executions are always. */
export function coverageWith(policies: Iterable<string>): readonly CoverageWord[] {
  return canonicalCoverage(['exec', ...[...policies].flatMap((name) => policyCoverage.get(name) ?? [])]);
}

/** What Tetragon sees by the policies of deploy/sources/tetragon/, all of them: everything but names that are resolved. */
export const tetragonCoverage: readonly CoverageWord[] = coverageWith(policyCoverage.keys());

/** Policies without which a kind of behaviour is not seen at all. */
export function missingPolicies(loaded: ReadonlySet<string>): readonly string[] {
  return wanted.filter(
    (name) => !loaded.has(name) && !(name === 'whorl-files' && loaded.has('whorl-files-kprobe')),
  );
}

/** Names are told with the prefix of the architecture: `__x64_sys_ptrace`. */
const architecture = /^__(?:x64|arm64|s390x|riscv)_/;

const byName = new Map(hooks.map((hook) => [keyOf(hook.policy, hook.call), hook]));

export function hookOf(policy: string | undefined, call: string | undefined): Hook | undefined {
  if (policy === undefined || call === undefined) return undefined;
  return byName.get(keyOf(policy, call.replace(architecture, '')));
}

function keyOf(policy: string, call: string): string {
  return `${policy}\0${call}`;
}
