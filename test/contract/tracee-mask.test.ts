import { describe, expect, it } from 'vitest';
import { maskFor } from '../../agent/adapters/source-tracee/mask.ts';
import { createTraceeNormaliser } from '../../agent/core/normalise/tracee/tracee.ts';
import { fakeNodeView } from '../fakes/node-views.ts';
import { grpcFramed, traceeProto } from '../fakes/tracee-messages.ts';
import { seedContainer, seedMessages } from '../fakes/tracee-mutants/seeds.ts';

/**
 * The mask leaves nothing out that is read: every event that Tracee sends gives the same behaviours with it and without.
 * Tracee applies it as the field masks of Google do: what is named stays, with all that lies under it.
 */

const version = 'v0.24.1';
const dialect = 'v0.22.5';
const codec = traceeProto(dialect).codec('tracee.v1beta1.StreamEventsResponse');

function masked(message: Uint8Array): Uint8Array {
  const { event } = codec.decode(message) as { event: Record<string, unknown> };
  return codec.encode({
    event: only(
      event,
      maskFor(version).map((path) => path.split('.')),
    ),
  });
}

function only(from: Record<string, unknown>, paths: readonly (readonly string[])[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(from)) {
    const under = paths.filter(([first]) => first === name).map((path) => path.slice(1));
    if (under.length === 0) continue;
    const isWhole = under.some((path) => path.length === 0) || typeof value !== 'object' || value === null;
    kept[name] = isWhole ? value : only(value as Record<string, unknown>, under);
  }
  return kept;
}

function eventsOf(messages: readonly Uint8Array[]): readonly object[] {
  const place = { id: 44, path: `/pods/${seedContainer}` };
  const normaliser = createTraceeNormaliser(fakeNodeView({ places: new Map([[seedContainer, place]]) }));
  normaliser.note({ type: 'connected', version });
  return messages.flatMap((message) => normaliser.push(grpcFramed(message)));
}

describe('the mask asked of Tracee', () => {
  const messages = seedMessages(dialect);

  it('leaves every event what it says', () => {
    expect(messages.length).toBeGreaterThan(10);
    expect(eventsOf(messages.map(masked))).toEqual(eventsOf(messages));
  });

  it('makes messages shorter', () => {
    const bytes = (all: readonly Uint8Array[]) => all.reduce((sum, m) => sum + m.length, 0);
    expect(bytes(messages.map(masked))).toBeLessThan(bytes(messages));
  });
});
