import type { Bindings, BoundPeer } from './bindings.ts';
import type { SiteParameter } from './fingerprint.ts';
import { generalisePath } from './generalise.ts';

/** What several overlays of one fingerprint bind together: each adds, none takes away. */
export function joinBindings(all: readonly Bindings[]): Bindings {
  const sites = new Map<string, readonly BoundPeer[]>();
  const volumes = new Map<string, readonly string[]>();
  for (const bindings of all) {
    for (const [name, peers] of bindings.sites) sites.set(name, [...(sites.get(name) ?? []), ...peers]);
    for (const [name, directories] of bindings.volumes) {
      // Paths are judged in their general form, so a directory called after a date must have it too.
      const general = directories.map((directory) => generalisePath(directory, {}));
      volumes.set(name, [...(volumes.get(name) ?? []), ...general]);
    }
  }
  return { sites, volumes };
}

/** Parameters that stand for nothing yet: whatever is done under them drifts. */
export function unboundParameters(
  parameters: readonly SiteParameter[],
  { sites, volumes }: Bindings,
): readonly SiteParameter[] {
  return parameters.filter(({ kind, name }) => !(kind === 'site' ? sites.has(name) : volumes.has(name)));
}
