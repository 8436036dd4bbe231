import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Incident } from '../../../fingerprint/incident.ts';
import { SmallFleet } from './small-fleet.ts';
import { type Ran, whorlFrom } from './whorl-command.ts';

type Role = 'viewer' | 'responder' | 'admin';

/** A fleet, and people at other machines who have the collector's address, its authority and a token each. */
export class OnCall {
  readonly fleet: SmallFleet;
  readonly #whorl: ReturnType<typeof whorlFrom>;
  readonly #tokens = new Map<Role, string>();

  static async start(config: object): Promise<OnCall> {
    const fleet = await SmallFleet.start({ httpListen: '127.0.0.1:0', ...config });
    const site = new OnCall(fleet);
    try {
      await site.#letIn();
    } catch (error) {
      await fleet.close();
      throw error;
    }
    return site;
  }

  private constructor(fleet: SmallFleet) {
    this.fleet = fleet;
    this.#whorl = whorlFrom(join(fleet.dir, 'home'));
  }

  /** What a person of that role types. Who may do most is an administrator by name; the others are named by their role. */
  async as(role: Role, ...args: readonly string[]): Promise<Ran> {
    return this.#whorl(args, this.#place(this.#tokens.get(role) ?? ''));
  }

  async json(role: Role, ...args: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.as(role, ...args, '--json')).out);
  }

  /** A drift that is on record at the collector. Its id is no beginning of any other's. */
  async drift(name: string, node: string, copy: string): Promise<Incident> {
    const id = createHash('sha256').update(name).digest('hex');
    const incident = { ...this.fleet.drifting(node, copy), id };
    this.fleet.drift(incident);
    await this.fleet.agents.get(node)?.drained();
    return incident;
  }

  async #letIn(): Promise<void> {
    const { apiAddress, caFile, bootstrapFile } = this.fleet.ready;
    const bootstrap = readFileSync(String(bootstrapFile), 'utf8');
    const at = [`https://${apiAddress}`, '--ca', String(caFile), '--token-file', '-', '--name', 'ada'];
    const first = await this.#whorl(['login', ...at], {}, bootstrap);
    if (first.code !== 0) throw new Error(first.err);
    for (const role of ['admin', 'responder', 'viewer'] as const) {
      const make = ['login', 'token', 'create', `the-${role}`, '--role', role, '--reason', 'test', '--json'];
      this.#tokens.set(role, JSON.parse((await this.#whorl(make)).out).token);
    }
  }

  #place(token: string): Record<string, string> {
    const { apiAddress, caFile } = this.fleet.ready;
    return { WHORL_COLLECTOR: `https://${apiAddress}`, WHORL_CA: String(caFile), WHORL_TOKEN: token };
  }
}
