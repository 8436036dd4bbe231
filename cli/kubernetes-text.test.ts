import { describe, expect, it } from 'vitest';
import { kubernetesFindings } from './doctor/kubernetes.ts';
import { kubernetesTold } from './kubernetes-text.ts';
import { describeAgent } from './status-text.ts';

const told = (kubernetes: object | undefined) => kubernetesTold({ node: 'n1', kubernetes });

describe('what is told of the Kubernetes API', () => {
  it.each<[string, object, boolean, RegExp]>([
    ['it is asked', { state: 'waiting', pods: 0, withoutPod: 0 }, true, /^is being asked$/],
    ['it tells', { state: 'reached', pods: 12, withoutPod: 0 }, true, /^tells of 12 pods$/],
    ['it tells of one', { state: 'reached', pods: 1, withoutPod: 0 }, true, /^tells of 1 pod$/],
    [
      'some are unknown',
      { state: 'reached', pods: 1, withoutPod: 2 },
      false,
      /^tells of 1 pod; 2 containers run without a known owner$/,
    ],
    [
      'all are unknown',
      { state: 'reached', pods: 0, withoutPod: 1 },
      false,
      /^knows no pod on a node n1; 1 container runs without a known owner$/,
    ],
    [
      'it does not',
      { state: 'away', reason: 'it refuses (403): \u001b[31mno', pods: 0, withoutPod: 0 },
      false,
      /^tells nothing: it refuses \(403\): .*\[31mno$/,
    ],
  ])('when %s', (_name, kubernetes, isFine, what) => {
    const found = told(kubernetes);
    expect(found?.what).toMatch(what);
    expect(found?.what).not.toContain('\u001b');
    expect(found?.isFine).toBe(isFine);
    expect(found?.mend === undefined).toBe(isFine);
    expect(describeAgent({ kubernetes, node: 'n1' })).toContain(`kubernetes ${found?.what}`);
    const [finding] = kubernetesFindings({ kubernetes, node: 'n1' });
    expect(finding?.state).toBe(isFine ? 'ok' : 'poor');
  });

  it('is what doctor says of labels, too, when they are not seen', () => {
    const kubernetes = { state: 'reached', pods: 1, withoutPod: 0 };
    const disarmLabels = { state: 'unseen', reason: 'it refuses (403)', refused: 0 };
    expect(kubernetesFindings({ kubernetes, disarmLabels })).toMatchObject([
      { state: 'ok' },
      { id: 'labels', state: 'poor', what: expect.stringContaining('(403)') },
    ]);
  });

  it.each([[undefined], [{}], [{ state: 7 }]])('is nothing of %j', (kubernetes) => {
    expect(told(kubernetes)).toBeUndefined();
    expect(kubernetesFindings({ kubernetes })).toEqual([]);
    expect(describeAgent({ kubernetes }).some((line) => line.startsWith('kubernetes'))).toBe(false);
  });
});
