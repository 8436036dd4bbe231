import { existsSync, readFileSync } from 'node:fs';

/** The package's own version; `package.json` is one folder up in the source tree, two in `dist/`. */
export function version(): string {
  const near = new URL('../package.json', import.meta.url);
  const file = existsSync(near) ? near : new URL('../../package.json', import.meta.url);
  const about: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof about === 'object' && about !== null && 'version' in about
    ? String(about.version)
    : 'unknown';
}
