import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localCaller } from '../../collector/access.ts';
import type { App } from '../../collector/adapters/http-api/app.ts';
import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import { incidentService } from '../../collector/api-incidents.ts';
import { Incidents } from '../../collector/incidents.ts';
import { fakeApi } from './api.ts';
import { drifting } from './drifting.ts';

/** A collector's incidents behind its API on a socket, as the command line finds it: real but for agents and signatures. */
export class IncidentSite {
  /** As `--data-dir` takes it. */
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-site-'));
  /** ms since the Unix epoch. */
  now = Date.UTC(2026, 4, 3, 10);
  readonly pushed: Uint8Array[] = [];
  readonly tells = drifting(
    () => this.store,
    () => this.now,
  );
  #store: SqliteStore | undefined;
  #incidents: Incidents | undefined;
  #app: App | undefined;

  async start(): Promise<this> {
    mkdirSync(join(this.dir, 'collector'), { recursive: true });
    const store = await SqliteStore.open(join(this.dir, 'whorl.db'));
    this.#store = store;
    const incidents = new Incidents({
      store: store.incidents,
      isSigned: () => true,
      now: () => this.now,
      tell: () => undefined,
    });
    this.#incidents = incidents;
    const addDocument = async (envelope: Uint8Array) => ({ agents: this.pushed.push(envelope) });
    this.#app = await fakeApi(
      { incidents: incidentService({ incidents, store }), documents: { addDocument } },
      { local: () => localCaller('ada') },
    );
    await this.#app.listen({ path: join(this.dir, 'collector', 'collector.sock') });
    return this;
  }

  get store(): SqliteStore {
    if (this.#store === undefined) throw new Error('start it first');
    return this.#store;
  }

  get incidents(): Incidents {
    if (this.#incidents === undefined) throw new Error('start it first');
    return this.#incidents;
  }

  async stop(): Promise<void> {
    await this.#app?.close();
    await this.#store?.close();
    rmSync(this.dir, { recursive: true });
  }
}
