import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type OciImage, ociImage } from '../e2e/support/oci-image.ts';
import type { Daemon } from './daemon.ts';

/** Root file systems and images stay here: recording again takes seconds instead of minutes. */
const cache = '/var/tmp/whorl-corpus';
const files = new URL('images/', import.meta.url).pathname;
const everywhere = [
  'for l in en_US de_DE ja_JP; do localedef -i $l -f UTF-8 $l.UTF-8; done',
  'rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt /etc/hostname /etc/resolv.conf',
];
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The image of a daemon, made of Debian's packages and of what `images/` holds for it; built when anything of that changed. */
export function corpusImage(daemon: Daemon): OciImage {
  const name = `registry.example/corpus/${daemon.name}:v1`;
  const stem = join(cache, `image-${daemon.name}-${recipeOf(daemon)}`);
  const known = `${stem}.digest`;
  if (!existsSync(known)) {
    for (const old of readdirSync(mkdir(cache)).filter((f) => f.startsWith(`image-${daemon.name}-`)))
      rmSync(join(cache, old));
    const root = mkdtempSync(join(cache, 'root-'));
    try {
      fill(root, daemon);
      const { entrypoint } = daemon;
      const image = ociImage(root, `${stem}.tar`, { name, entrypoint, keepMetadata: true, env: [path] });
      writeFileSync(known, image.digest);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
  return { name, archive: `${stem}.tar`, digest: readFileSync(known, 'utf8') };
}

function recipeOf(daemon: Daemon): string {
  const { packages, entrypoint, setup, build = '' } = daemon;
  const hash = createHash('sha256').update(
    JSON.stringify([packages, entrypoint, setup, build, everywhere, path]),
  );
  for (const dir of sourcesOf(daemon)) {
    for (const file of readdirSync(dir, { recursive: true, withFileTypes: true }).sort(byPath))
      if (file.isFile()) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)));
  }
  return hash.digest('hex').slice(0, 16);
}

const byPath = (a: { parentPath: string; name: string }, b: { parentPath: string; name: string }): number =>
  join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1;

function sourcesOf(daemon: Daemon): string[] {
  return [join(files, daemon.name), join(files, `${daemon.name}-source`)].filter((dir) => existsSync(dir));
}

function fill(root: string, daemon: Daemon): void {
  execFileSync('tar', ['-C', root, '--numeric-owner', '-xf', packagesOf(daemon)]);
  const own = join(files, daemon.name);
  if (existsSync(own)) cpSync(own, root, { recursive: true });
  const env = { PATH: path.slice('PATH='.length), LC_ALL: 'C', ROOT: root };
  if (daemon.build !== undefined)
    execFileSync('sh', ['-ec', daemon.build], { cwd: join(files, `${daemon.name}-source`), env });
  for (const command of [...everywhere, ...daemon.setup])
    execFileSync('chroot', [root, 'sh', '-ec', command], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

function packagesOf(daemon: Daemon): string {
  const wanted = ['locales', ...daemon.packages].join(',');
  const tar = join(mkdir(cache), `rootfs-${daemon.name}.tar`);
  const list = join(cache, `rootfs-${daemon.name}.packages`);
  if (existsSync(tar) && existsSync(list) && readFileSync(list, 'utf8') === wanted) return tar;
  const half = join(cache, `half-${daemon.name}.tar`);
  execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${wanted}`, 'bookworm', half]);
  renameSync(half, tar);
  writeFileSync(list, wanted);
  return tar;
}

function mkdir(dir: string): string {
  mkdirSync(dir, { recursive: true });
  return dir;
}
