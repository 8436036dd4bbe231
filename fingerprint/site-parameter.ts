import type { Bindings } from './bindings.ts';
import type { FileEntry, NetworkEntry, SiteParameter } from './fingerprint.ts';

const siteForm = /^\{site:([a-z0-9-]+)\}$/;
const volumeForm = /^\{volume:([a-z0-9-]+)\}(?=\/)/;

/** What a peer, a name or a path leaves to the site; undefined when it is a plain one. */
export function parameterOf(text: string): Pick<SiteParameter, 'kind' | 'name'> | undefined {
  const site = siteForm.exec(text)?.[1];
  if (site !== undefined) return { kind: 'site', name: site };
  const volume = volumeForm.exec(text)?.[1];
  return volume === undefined ? undefined : { kind: 'volume', name: volume };
}

/**
 * The entry once per peer that its parameter stands for here; as it is when it names none. A bound peer is the site's
 * own, so it may answer an address inside.
 */
export function boundPeers(n: NetworkEntry, { sites }: Bindings): readonly NetworkEntry[] {
  if (n.do === 'listen') return [n];
  const parameter = parameterOf(n.do === 'connect' ? n.peer : n.name);
  if (parameter?.kind !== 'site') return [n];
  const peers = sites.get(parameter.name) ?? [];
  if (n.do === 'resolve') return peers.map(({ peer }) => ({ ...n, name: peer, inward: true }));
  return peers.map(({ peer, port }) => ({ ...n, peer, port: port ?? n.port, inward: true }));
}

/** The entry once per directory that its parameter stands for here; as it is when it names none. */
export function boundFiles(f: FileEntry, bindings: Bindings): readonly FileEntry[] {
  const paths = boundPaths(f.path, bindings);
  if (f.to === undefined) return paths.map((path) => ({ ...f, path }));
  const targets = boundPaths(f.to, bindings);
  return paths.flatMap((path) => targets.map((to) => ({ ...f, path, to })));
}

function boundPaths(path: string, { volumes }: Bindings): readonly string[] {
  const parameter = parameterOf(path);
  if (parameter?.kind !== 'volume') return [path];
  const rest = path.slice(`{volume:${parameter.name}}`.length);
  return (volumes.get(parameter.name) ?? []).map((directory) => `${directory}${rest}`);
}
