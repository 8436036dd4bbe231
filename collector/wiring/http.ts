import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Access, localCaller } from '../access.ts';
import { HttpApi } from '../adapters/http-api.ts';
import { bootstrapFile } from '../adapters/keys/bootstrap-file.ts';
import type { TlsFiles } from '../adapters/keys/tls-files.ts';
import { apiServices, type ServiceParts } from '../api-services.ts';
import type { Presence } from '../collector.ts';
import type { CollectorConfig } from '../config.ts';
import { EventFeed } from '../event-feed.ts';
import type { Levels, Meter } from '../ports/metrics.ts';
import type { AgentRow } from '../ports.ts';
import type { Reactions } from '../reactions.ts';
import { type Telling, tellingLevels } from '../telling-levels.ts';
import type { Wiring } from './wiring.ts';

export interface OpenApi {
  readonly socketPath: string;
  readonly address: string | undefined;
  readonly bootstrapFile: string | undefined;
  readonly feed: EventFeed;
  /** Renewed TLS files. */
  use(tls: TlsFiles): void;
  close(): Promise<void>;
}

/** The HTTP API on its socket and, unless that is switched off, on the network. */
export async function openApi(
  config: CollectorConfig,
  parts: ServiceParts,
  { dir, log, broadcast, store }: Wiring,
  tls: TlsFiles | undefined,
  meter: Meter,
): Promise<OpenApi> {
  const now = () => Date.now();
  const random = (length: number) => randomBytes(length);
  const { audit } = parts;
  const access = new Access({ store: store.access, file: bootstrapFile(dir), audit, random, now, log });
  const feed = new EventFeed({
    subscribe: broadcast.subscribe,
    newBoot: () => randomBytes(4).toString('hex'),
  });
  const socketPath = join(dir, 'collector.sock');
  const address = config.httpListen;
  const api = new HttpApi({
    services: { ...apiServices(parts), access, feed },
    localCaller: localCaller(localUser()),
    socketPath,
    ...(address === '' || tls === undefined ? {} : { tls: { ...tls, address } }),
    answered: ({ isStream, ...answered }) => {
      log.info(answered, 'request');
      meter.answered({ isStream, ...answered });
    },
    now,
    random,
    log,
  });
  // Before anybody can ask: the file is there when the address is told.
  const waiting = address === '' ? undefined : await access.prepare();
  const bound = await api.listen();
  const close = async (): Promise<void> => {
    feed.close();
    await api.close();
  };
  const use = (files: TlsFiles): void => api.use(files);
  return { socketPath, address: bound, bootstrapFile: waiting, feed, use, close };
}

/** For a scrape: what is cheap to look up, summed over all agents. */
export async function levelsOf(
  { store, trouble }: Wiring,
  {
    present,
    reactions,
    ...telling
  }: Telling & { readonly present: ReadonlyMap<string, Presence>; readonly reactions: Reactions },
  feed: EventFeed,
): Promise<Levels> {
  const agents = await store.agents();
  const sum = (of: (row: AgentRow) => number): number => agents.reduce((n, row) => n + of(row), 0);
  return {
    agentsConnected: present.size,
    recordsStored: sum((row) => row.stored),
    recordsRefused: sum((row) => row.refused),
    recordsMissing: sum((row) => row.missing),
    storeRetries: trouble.failures,
    storeWaiting: store.waiting,
    reactionsWaiting: reactions.waiting,
    reactionsDropped: reactions.dropped,
    eventFollowers: feed.followers,
    ...(await tellingLevels(telling)),
  };
}

/** A container's user may have no name. */
function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
