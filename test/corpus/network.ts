import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from './environment.ts';

const services = new URL('neighbour.ts', import.meta.url).pathname;
const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/**
 * A pod's network and a node's, joined by one cable and by nothing else: no packet leaves them. On the node's side runs
 * what the pod may ask: a resolver and the service `stock`.
 */
export class PodNetwork {
  readonly pod: string;
  readonly #node: string;
  readonly nodeAddress: string;
  readonly #neighbour: ChildProcess;

  private constructor(name: string, nodeAddress: string, neighbour: ChildProcess) {
    this.pod = `/run/netns/${name}-pod`;
    this.#node = `${name}-node`;
    this.nodeAddress = nodeAddress;
    this.#neighbour = neighbour;
  }

  static async make(environment: Environment): Promise<PodNetwork> {
    const name = `whorl-corpus-${environment.name}-${process.pid}`;
    const net = environment.address.replace(/\.\d+$/, '');
    const cable = `wc${environment.name}${process.pid}`.slice(0, 14);
    for (const side of ['pod', 'node']) {
      ip('netns', 'add', `${name}-${side}`);
      ip('-n', `${name}-${side}`, 'link', 'set', 'lo', 'up');
    }
    ip(
      ...['link', 'add', 'eth0', 'netns', `${name}-pod`, 'type', 'veth'],
      ...['peer', 'name', cable, 'netns', `${name}-node`],
    );
    ip('-n', `${name}-pod`, 'addr', 'add', `${environment.address}/24`, 'dev', 'eth0');
    for (const last of [1, 2]) ip('-n', `${name}-node`, 'addr', 'add', `${net}.${last}/24`, 'dev', cable);
    ip('-n', `${name}-pod`, 'link', 'set', 'eth0', 'up');
    ip('-n', `${name}-node`, 'link', 'set', cable, 'up');
    ip('-n', `${name}-pod`, 'route', 'add', 'default', 'via', `${net}.1`);
    const neighbour = spawn(
      'ip',
      ['netns', 'exec', `${name}-node`, process.execPath, services, net, environment.namespace],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(neighbour.stdout, 'data');
    return new PodNetwork(name, `${net}.1`, neighbour);
  }

  /** Runs a program on the node's side: a client of the pod. */
  run(command: readonly string[], input = ''): string {
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    const args = ['netns', 'exec', this.#node, ...command];
    return execFileSync('ip', args, { encoding: 'utf8', input, stdio: [...stdio] });
  }

  async close(): Promise<void> {
    const gone = once(this.#neighbour, 'exit');
    this.#neighbour.kill('SIGKILL');
    await gone;
    for (const side of [this.#node, this.#node.replace(/-node$/, '-pod')]) ip('netns', 'delete', side);
  }
}
