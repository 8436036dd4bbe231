import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Builds the program that does what watchers miss. @returns its path */
export function buildMisser(dir: string): string {
  const program = join(dir, 'misser');
  const source = new URL('../../fixtures/limits/misser.c', import.meta.url).pathname;
  execFileSync('gcc', ['-O1', '-static', '-pthread', '-o', program, source]);
  return program;
}
