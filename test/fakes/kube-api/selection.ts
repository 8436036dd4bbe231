import { labelSelection } from './label-selector.ts';
import type { Change, ChangeType, KubeObject } from './object-store.ts';
import { failure, type Status } from './status.ts';

/** Which objects a request is about. */
export type Selection = (object: KubeObject) => boolean;

const fields: Readonly<Record<string, (object: KubeObject) => unknown>> = {
  'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace,
};

/** Field selectors with `=`, `==` and `!=`, and what `labelSelection` knows. */
export function selectionOf(query: URLSearchParams, namespace: string | undefined): Selection | Status {
  const byLabel = labelSelection(query.get('labelSelector') ?? '');
  if (typeof byLabel !== 'function') return byLabel;
  const parts = (query.get('fieldSelector') ?? '').split(',').filter((part) => part !== '');
  const tests: Selection[] = [byLabel];
  for (const part of parts) {
    const [, name = '', operator, value] = /^([^=!]+)(==?|!=)(.*)$/.exec(part) ?? [];
    const field = fields[name];
    if (field === undefined)
      return failure(
        400,
        'BadRequest',
        `Unable to find "/v1, Resource=pods" that match field selector "${part}"`,
      );
    tests.push((object) => (field(object) === value) === (operator !== '!='));
  }
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    tests.every((test) => test(object));
}

/**
 * As a watcher of this selection sees the change: what leaves it is deleted for him, what enters it is added. Of what
 * leaves he sees the last version that was his, under the number of the change.
 */
export function seen(
  { type, object, before, version }: Change,
  selection: Selection,
): { readonly type: ChangeType; readonly object: KubeObject } | undefined {
  const [is, was] = [type !== 'DELETED' && selection(object), before !== undefined && selection(before)];
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  if (!was || before === undefined) return undefined;
  const metadata = { ...before.metadata, resourceVersion: String(version) };
  return { type: 'DELETED', object: { ...before, metadata } };
}
