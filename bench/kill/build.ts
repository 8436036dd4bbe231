import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sources = ['kill.bpf.c', 'kill.c', 'trial.h', 'victim.S', 'sleeper.S'];

export interface Built {
  readonly loader: string;
  readonly victim: string;
  readonly sleeper: string;
}

/** Compiles tracer, loader, victim and sleeper into `dir`, about two seconds. Needs clang, bpftool, gcc, libbpf-dev. */
export function buildKill(dir: string): Built {
  for (const name of sources) copyFileSync(new URL(name, import.meta.url), join(dir, name));
  const tool = (command: string, args: readonly string[]): Buffer => {
    try {
      return execFileSync(command, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (cause) {
      throw new Error(
        `bench kill cannot be built: ${command} failed; apt-get install clang bpftool gcc libbpf-dev`,
        { cause },
      );
    }
  };
  const triplet = tool('gcc', ['-print-multiarch']).toString('utf8').trim();
  const arch = process.arch === 'arm64' ? 'arm64' : 'x86';
  const target = ['-O2', '-g', '-target', 'bpf', `-D__TARGET_ARCH_${arch}`, `-I/usr/include/${triplet}`];
  tool('clang', [...target, '-c', 'kill.bpf.c', '-o', 'kill.bpf.o']);
  writeFileSync(
    join(dir, 'kill.skel.h'),
    tool('bpftool', ['gen', 'skeleton', 'kill.bpf.o', 'name', 'kill_bpf']),
  );
  tool('gcc', ['-O2', '-Wall', '-static', '-I.', 'kill.c', '-o', 'kill', '-lbpf', '-lelf', '-lz']);
  for (const name of ['victim', 'sleeper']) tool('gcc', ['-nostdlib', '-static', `${name}.S`, '-o', name]);
  return { loader: join(dir, 'kill'), victim: join(dir, 'victim'), sleeper: join(dir, 'sleeper') };
}
