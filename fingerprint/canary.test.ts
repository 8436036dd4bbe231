import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aDrift, anIncident } from '../test/fakes/reports.ts';
import { type Canary, canaryNonce, canaryWorkload, isCanaryWorkload, isTheCanary } from './canary.ts';
import { generalise } from './generalise.ts';
import type { Drift, Incident } from './incident.ts';

const nonce = 'tinu-riza-mumu-tego-vuma';
const workload = canaryWorkload('local');
const exec: Drift = {
  ...aDrift,
  subject: `/bin/sh -c : ${nonce}`,
  because: 'new-arguments',
  severity: 'medium',
};
const open: Drift = {
  ...aDrift,
  kind: 'open',
  subject: `/var/lib/whorl/agent/canary/${nonce}`,
  because: 'new-file',
  severity: 'low',
};
const connect: Drift = { ...aDrift, kind: 'connect', subject: 'localhost:40303', because: 'new-peer' };
const reads: Drift = { ...open, subject: '/usr/lib/locale/C.utf8/LC_CTYPE' };
const shadow: Drift = { ...open, subject: '/etc/shadow', because: 'sensitive-file', severity: 'high' };
const egress: Drift = { ...connect, subject: '203.0.113.7:4444' };
const dropped: Drift = { ...aDrift, subject: '/tmp/dropped' };

const canary = (act: Canary['act']): Canary => ({ nonce, act });
const incident = (drifts: readonly Drift[], over: Partial<Incident> = {}) =>
  anIncident({ workload, drifts, ...over });

describe('isTheCanary', () => {
  it.each<[string, Canary['act'], Incident, 'no' | 'part' | 'whole']>([
    ['its execution', 'exec', incident([exec]), 'whole'],
    ['its execution, with what the shell reads', 'exec', incident([exec, reads]), 'whole'],
    ['its file', 'open', incident([open]), 'whole'],
    ['its file before its connection', 'connect', incident([open]), 'part'],
    ['its file and its connection', 'connect', incident([open, connect]), 'whole'],
    ['another act with its word', 'exec', incident([open]), 'part'],
    ['its connection without its word', 'connect', incident([connect]), 'no'],
    ['somebody who reads secrets beside it', 'exec', incident([exec, shadow]), 'no'],
    ['somebody who connects beside it', 'connect', incident([open, connect, egress]), 'no'],
    ['somebody who starts something beside it', 'open', incident([open, dropped]), 'no'],
    ['more than fits the page', 'exec', incident([exec], { more: 1 }), 'no'],
    ['another word', 'exec', incident([{ ...exec, subject: '/bin/sh -c : bafo-tizu-kemo-lari-sato' }]), 'no'],
    ['its word in another workload', 'exec', anIncident({ drifts: [exec] }), 'no'],
    [
      'its word under its owner in another namespace',
      'exec',
      incident([exec], { workload: { ...workload, namespace: 'default' } }),
      'no',
    ],
  ])('%s', (_, act, told, expected) => expect(isTheCanary(canary(act), told)).toBe(expected));
});

describe('isCanaryWorkload', () => {
  it('is the same in every cluster, and no other image of that name', () => {
    expect(isCanaryWorkload(canaryWorkload('elsewhere'))).toBe(true);
    const subject = { ...workload.subject, digest: `sha256:${'a'.repeat(64)}` };
    expect(isCanaryWorkload({ ...workload, subject })).toBe(false);
  });
});

describe('the word of a canary', () => {
  const syllable = fc
    .tuple(fc.constantFrom(...'bdfgklmnprstvz'), fc.constantFrom(...'aeiou'))
    .map((s) => s.join(''));
  const word = fc.tuple(syllable, syllable).map((s) => s.join(''));
  const words = fc.tuple(word, word, word, word, word).map((w) => w.join('-'));

  it('stands as it is in what is judged: it is no placeholder and no secret', () => {
    fc.assert(
      fc.property(
        words,
        fc.constantFrom('/var/lib/whorl/agent/canary', '/tmp/state/agent/canary'),
        (drawn, folder) => {
          expect(drawn).toMatch(canaryNonce);
          const actor = { root: 'entrypoint', lineage: ['/usr/bin/dash'] } as const;
          const args = ['/bin/sh', '-c', ':', drawn];
          const path = `${folder}/${drawn}`;
          expect(generalise({ ...actor, kind: 'exec', args }, {})).toMatchObject({ args });
          expect(generalise({ ...actor, kind: 'open', path, access: 'create' }, {})).toMatchObject({ path });
        },
      ),
      { numRuns: 2_000, seed: 7 },
    );
  });
});
