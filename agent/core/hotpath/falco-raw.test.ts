import { describe, expect, it } from 'vitest';
import {
  asJsonOutput,
  decoded,
  type FalcoRecordingName,
  falcoRecordings,
  framed,
  messages,
  openNode,
} from '../../../test/fakes/falco-recordings.ts';
import { Rig } from '../../../test/fakes/short-cut-rig.ts';
import { createFalcoNormaliser } from '../normalise/falco/normaliser.ts';

function bytesOf(name: FalcoRecordingName, form: 'json' | 'grpc'): Buffer {
  if (form === 'grpc') return framed(messages(name));
  const lines = decoded(name).map((alert) => `${asJsonOutput(alert)}\n`);
  return Buffer.from(lines.join(''));
}

const rows = falcoRecordings.flatMap((name) =>
  (['json', 'grpc'] as const).map((form) => [name, form] as const),
);

describe('alerts answered at a look', () => {
  it.each(rows)('%s as %s: told and counted the same as read in full', { timeout: 60_000 }, (name, form) => {
    const bytes = bytesOf(name, form);
    const [short, long] = [true, false].map((withShortCut) => {
      const now = () => 1_800_000_000_000_000;
      const rig = new Rig(withShortCut, createFalcoNormaliser({ view: openNode(), form, now }));
      for (let at = 0; at < bytes.length; at += 65_521) rig.read(bytes.subarray(at, at + 65_521));
      return rig.finish();
    });
    expect(short?.told).toEqual(long?.told);
    expect(short?.counters).toEqual(long?.counters);
    // Else the comparison would hold for want of anything answered.
    expect(short?.answered).toBeGreaterThan(600);
  });
});
