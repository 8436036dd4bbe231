import { type CoverageWord, canonicalCoverage } from '../../../../fingerprint/coverage.ts';

/**
 * What Falco sees with the rules that are handed out. Not: what is mapped as code, the text of a DNS message, use of
 * capabilities, moves between control groups, system calls of another architecture.
 */
export const falcoCoverage: readonly CoverageWord[] = canonicalCoverage([
  'exec',
  'open',
  'link',
  'delete',
  'rename',
  'connect',
  'listen',
  'module-load',
  'ptrace',
  'memfd',
  'setns',
  'unshare',
  'mount',
  'chroot',
  'bpf',
  'io-uring',
]);
