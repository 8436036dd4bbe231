import { describe, expect, it } from 'vitest';
import type { Drift } from '../../fingerprint/incident.ts';
import { aDrift, anIncident } from '../../test/fakes/reports.ts';
import { isRollout, Sightings } from './rollout.ts';

const now = 10_000_000;
const halfHour = 1_800_000;
/** A program of the image that nobody has seen: what a new digest brings. */
const drift: Drift = { ...aDrift, origin: 'image' };
const on = (node: string, drifts = [drift]) =>
  anIncident({ instance: { id: node, node, startedAt: 1 }, drifts });

function seenOn(...nodes: string[]): Sightings {
  const sightings = new Sightings();
  for (const node of nodes) sightings.add(on(node), now);
  return sightings;
}

describe('a rollout', () => {
  it('is the same drift on two nodes within half an hour of the digest', () => {
    expect(isRollout(on('n2'), now - 60_000, seenOn('n1', 'n2'), halfHour, now)).toBe(true);
  });

  it.each<[string, Sightings, number]>([
    ['it shows on one node', seenOn('n1', 'n1'), now - 60_000],
    ['the digest has been here longer', seenOn('n1', 'n2'), now - halfHour],
    ['nobody knows since when', seenOn('n1', 'n2'), 0],
  ])('is none when %s', (_why, sightings, firstSeen) => {
    expect(isRollout(on('n1'), firstSeen, sightings, halfHour, now)).toBe(false);
  });

  it('is none for what is never normal', () => {
    const dropped: Drift = { ...drift, origin: 'upper' };
    expect(isRollout(on('n2', [dropped]), now - 60_000, seenOn('n1', 'n2'), halfHour, now)).toBe(false);
  });

  it('is seen however many nodes show it, in bounded memory', () => {
    const sightings = seenOn(...Array.from({ length: 500 }, (_, i) => `n${i}`));
    expect(sightings.nodes(on('n1'), now - 1)).toBe(2);
    for (let i = 0; i < 10_000; i++) sightings.add(on('x', [{ ...drift, key: `other-${i}` }]), now);
    expect(sightings.nodes(on('n1'), now - 1)).toBe(0);
  });
});
