import type { Change, ChangeType, Pod } from './pod-store.ts';
import { failure, type Status } from './status.ts';

/** Which pods a request is about. */
export type Selection = (pod: Pod) => boolean;

const fields: Readonly<Record<string, (pod: Pod) => unknown>> = {
  'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
  'metadata.name': (pod) => pod.metadata.name,
  'metadata.namespace': (pod) => pod.metadata.namespace,
};

/** Field selectors with `=`, `==` and `!=`; no label selectors yet. */
export function selectionOf(query: URLSearchParams, namespace: string | undefined): Selection | Status {
  if (query.get('labelSelector')) return failure(400, 'BadRequest', 'this server knows no label selectors');
  const parts = (query.get('fieldSelector') ?? '').split(',').filter((part) => part !== '');
  const tests: Selection[] = [];
  for (const part of parts) {
    const [, name = '', operator, value] = /^([^=!]+)(==?|!=)(.*)$/.exec(part) ?? [];
    const field = fields[name];
    if (field === undefined)
      return failure(
        400,
        'BadRequest',
        `Unable to find "/v1, Resource=pods" that match field selector "${part}"`,
      );
    tests.push((pod) => (field(pod) === value) === (operator !== '!='));
  }
  return (pod) =>
    (namespace === undefined || pod.metadata.namespace === namespace) && tests.every((test) => test(pod));
}

/** As a watcher of this selection sees the change: what leaves it is deleted for him, what enters it is added. */
export function seen({ type, pod, before }: Change, selection: Selection): ChangeType | undefined {
  const [is, was] = [type !== 'DELETED' && selection(pod), before !== undefined && selection(before)];
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}
