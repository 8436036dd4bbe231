import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { unpushedDigest } from '../fingerprint/image-ref.ts';
import { learn } from '../fingerprint/learn.ts';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { baselineBytes, readBaseline } from './baseline-file.ts';

describe('the file of a baseline', () => {
  const learned = learn(subject, [], aboutAll);
  const observation = { ...aboutAll.observation, ran: ['login'] };
  const recorded = learn({ ...subject, digest: unpushedDigest }, [], { ...aboutAll, observation });

  it('is canonical for machines, and in lines for people where they review it', async () => {
    expect(Buffer.from(baselineBytes(learned)).toString()).toBe(
      `${Buffer.from(canonicalBytes(learned)).toString()}\n`,
    );
    const text = Buffer.from(baselineBytes(recorded)).toString();
    expect(text).toMatch(/^\{\n {2}"format"/);
    expect(text).not.toContain('digest');
    const io = fakeIo({ 'a.json': baselineBytes(learned), 'b.json': text });
    expect(await readBaseline(io, 'a.json')).toEqual(learned);
    expect(await readBaseline(io, 'b.json')).toEqual(recorded);
  });
});
