import { callerOf, localCaller } from '../../collector/access.ts';
import { type ApiOptions, type App, buildApp } from '../../collector/adapters/http-api/app.ts';
import { defaultPolicy } from '../../collector/core/response-policy.ts';
import type { Role, Scope } from '../../collector/ports/access.ts';
import type { ApiServices, Caller, FeedEvent } from '../../collector/ports/api.ts';

export const whole: Scope = { clusters: [], namespaces: [] };

/** A caller of that role; the token that stands for them is the role's name. */
export function aCaller(role: Role, scope: Scope = whole): Caller {
  return callerOf({ name: role, key: `token:${role}`, role, scope });
}

/** Services that know one incident, one workload and nothing else. */
export function fakeServices(over: Partial<ApiServices> = {}): ApiServices {
  const never = async (): Promise<never> => {
    throw new Error('not to be asked');
  };
  return {
    access: {
      authenticate: async (token) =>
        (['viewer', 'analyst', 'responder', 'admin'] as const)
          .map((r) => aCaller(r))
          .find((c) => c.name === token),
      tokens: async () => [],
      createToken: never,
      revokeToken: async () => false,
      bootstrap: async () => undefined,
    },
    status: { status: async () => ({ mode: 'alert' }), ready: async () => true },
    workloads: {
      workloads: async () => ({ items: [] }),
      workload: async () => undefined,
      baseline: async () => undefined,
    },
    incidents: {
      incidents: async () => ({ items: [] }),
      incident: async () => undefined,
      preview: async () => undefined,
      review: async () => ({ kind: 'unknown' }),
      occurrence: async () => undefined,
    },
    documents: { addDocument: async () => ({ kind: 'base' }) },
    agents: {
      agents: async () => ({ items: [] }),
      agent: async () => undefined,
      revoke: async () => undefined,
      letIn: async () => undefined,
      makeJoinToken: never,
    },
    clusters: { clusters: async () => [], add: never, remove: never },
    backups: { make: never },
    responsePolicy: {
      inForce: { version: 0, policy: defaultPolicy, setAt: 0 },
      set: never,
      setMode: async (mode) => ({ version: 1, policy: { ...defaultPolicy, mode }, setAt: 1 }),
      setAgain: never,
      history: async () => [],
      check: never,
    },
    audit: {
      state: never,
      entries: async () => [],
      export: async function* () {},
      prove: async () => undefined,
      checkpoint: async () => undefined,
      acceptFork: async () => false,
    },
    notify: {
      status: async () => ({ sinks: [], unwritten: 0, lost: 0 }),
      test: async () => undefined,
      pause: async () => false,
      resume: async () => false,
      dead: async () => undefined,
      retryDead: async () => undefined,
    },
    feed: { follow: () => () => undefined },
    stops: {
      orders: { order: never, plan: never, orders: async () => ({ items: [] }) },
      held: { heldOrders: async () => ({ items: [] }), end: never },
      disarms: { disarms: () => [], disarm: never, rearm: never },
      brakes: async () => ({ clusters: [], workloads: [], more: 0 }),
      nodeIncidents: async () => ({ items: [] }),
    },
    ...over,
  };
}

/** The application without a network; the header `x-local` stands for the unix socket. */
export function fakeApi(services: Partial<ApiServices> = {}, over: Partial<ApiOptions> = {}): Promise<App> {
  let made = 0;
  return buildApp({
    services: fakeServices(services),
    local: (request) => (request.headers['x-local'] === undefined ? undefined : localCaller('ada')),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    answered: () => undefined,
    now: () => 1_000_000,
    random: (length) => {
      made += 1;
      return new Uint8Array(length).fill(made & 255);
    },
    ...over,
  });
}

/** A feed that a test speaks through. */
export class FakeFeed {
  readonly lastIds: (string | undefined)[] = [];
  readonly #listeners = new Set<(event: FeedEvent) => void>();
  readonly follow = (_caller: Caller, lastId: string | undefined, listener: (event: FeedEvent) => void) => {
    this.lastIds.push(lastId);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  get followers(): number {
    return this.#listeners.size;
  }
  tell(event: FeedEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
