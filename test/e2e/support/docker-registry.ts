import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalBytes } from '../../../fingerprint/canonical.ts';
import { digestOf } from '../../../registry/artefact.ts';
import { ociIndex, ociManifest } from '../../../registry/media-types.ts';
import { Registries } from '../../../registry/registries.ts';
import type { Repository } from '../../../registry/repository.ts';
import { registrySettings } from '../../fakes/registry.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as a process of its own. */
export function whorl(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((done) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, ['cli/main.ts', ...args], options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

export interface RealRegistry {
  readonly host: string;
  readonly directory: string;
  stop(): Promise<void>;
}

/** Debian's docker-registry on loopback, in a directory of its own. */
export async function dockerRegistry(
  more: { readonly auth?: string; readonly tls?: string } = {},
): Promise<RealRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'whorl-registry-'));
  mkdirSync(join(directory, 'data'));
  const host = `127.0.0.1:${await freePort()}`;
  const config = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${join(directory, 'data')}}, delete: {enabled: true}}`,
    `http: {addr: '${host}'${more.tls ?? ''}}`,
    ...(more.auth === undefined ? [] : [`auth: {htpasswd: {realm: whorl, path: ${more.auth}}}`]),
  ];
  writeFileSync(join(directory, 'config.yml'), `${config.join('\n')}\n`);
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
  await answering(host, child);
  return {
    host,
    directory,
    stop: async () => {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(directory, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  server.close();
  await once(server, 'close');
  return port;
}

/** It says nothing when it is ready; whoever asks finds out. */
async function answering(host: string, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) throw new Error('docker-registry ended');
    // Over TLS without certificate: any answer will do, and so will a refused handshake.
    const answered = await fetch(`http://${host}/v2/`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(50);
  }
  throw new Error('docker-registry does not answer');
}

export interface PushedImage {
  readonly index: string;
  readonly manifests: readonly string[];
  readonly configs: readonly string[];
}

/** An image without layers for two platforms; `salt` makes it another one. */
export async function pushImage(repository: Repository, tag: string, salt = ''): Promise<PushedImage> {
  const entries = [];
  const configs: string[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const config = canonicalBytes({
      os: 'linux',
      architecture,
      config: { Labels: { salt } },
      rootfs: { type: 'layers', diff_ids: [] },
    });
    configs.push(await repository.pushBlob(config));
    const manifest = canonicalBytes({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(config),
        size: config.length,
      },
      layers: [],
    });
    await repository.pushManifest(manifest, ociManifest);
    const platform = { os: 'linux', architecture };
    entries.push({ mediaType: ociManifest, digest: digestOf(manifest), size: manifest.length, platform });
  }
  const index = canonicalBytes({ schemaVersion: 2, mediaType: ociIndex, manifests: entries });
  await repository.pushManifest(index, ociIndex, { tag });
  return { index: digestOf(index), manifests: entries.map((e) => e.digest), configs };
}

/** For the test's own hands; what is tested runs as processes. */
export function handsOn(
  host: string,
  repository: string,
  env: Readonly<Record<string, string>> = {},
  ca?: string,
): { repository: Repository; close: () => Promise<void> } {
  const registries = new Registries(registrySettings({ env, ...(ca === undefined ? {} : { ca }) }));
  return { repository: registries.writer({ registry: host, repository }), close: () => registries.close() };
}
