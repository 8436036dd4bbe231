import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What package and image have of the source tree, besides what is compiled. */
const asItIs = ['bin', 'package.json', 'proto', 'agent/sensor'];

/**
 * Makes what is shipped: the launcher, the compiled code and nothing of the source. A checkout runs TypeScript, whose
 * compiler would be measured too.
 *
 * @returns the launcher
 */
export function makeShipped(dir: string): string {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  mkdirSync(dir, { recursive: true });
  execFileSync(
    join(root, 'node_modules/.bin/tsc'),
    ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(dir, 'dist'), '--declaration', 'false'],
    {
      env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` },
    },
  );
  for (const part of asItIs) cpSync(join(root, part), join(dir, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  return join(dir, 'bin/whorl');
}
