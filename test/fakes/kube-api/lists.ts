import type { ObjectStore } from './object-store.ts';
import type { Selection } from './selection.ts';
import { continueExpired, type Status } from './status.ts';

/** Where the next page begins, as the API server writes it: of a version, after a key. */
interface Continue {
  readonly v: 'meta.k8s.io/v1';
  readonly rv: number;
  readonly start: string;
}

/**
 * A list of objects. With `resourceVersion=0` it comes from the watch cache, which gives everything whatever limit was
 * asked for; without, from etcd, in pages.
 */
export function listOf(store: ObjectStore, query: URLSearchParams, selection: Selection): object | Status {
  const token = query.get('continue') ?? '';
  const from = token === '' ? undefined : fromToken(token);
  if (from !== undefined && from.rv < store.oldest) return continueExpired(toToken({ ...from, rv: -1 }));
  const limit = query.get('resourceVersion') === '0' ? 0 : Number(query.get('limit') ?? 0);
  const all = store.all().filter((one) => selection(one) && store.keyOf(one) >= (from?.start ?? ''));
  const page = limit > 0 ? all.slice(0, limit) : all;
  const last = page.at(-1);
  const left = all.length - page.length;
  const version = from === undefined || from.rv < 0 ? store.version : from.rv;
  const isSelected = query.has('fieldSelector') || query.has('labelSelector');
  return {
    kind: `${store.kind.name}List`,
    apiVersion: 'v1',
    metadata: {
      resourceVersion: String(version),
      ...(left === 0 || last === undefined
        ? {}
        : {
            continue: toToken({ v: 'meta.k8s.io/v1', rv: version, start: `${store.keyOf(last)}\u0000` }),
            // How many are left to come is not known of a selection.
            ...(isSelected ? {} : { remainingItemCount: left }),
          }),
    },
    items: page,
  };
}

function toToken(next: Continue): string {
  return Buffer.from(JSON.stringify(next)).toString('base64url');
}

function fromToken(token: string): Continue {
  return JSON.parse(Buffer.from(token, 'base64url').toString());
}
