import { expect, it } from 'vitest';
import { signApproval } from '../fingerprint/sign-approval.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { baseline, testKey, vendor } from '../test/fakes/trust.ts';
import { countersignFile } from './countersign-file.ts';

const { subject } = baseline;
const digest = `sha256:${'c'.repeat(64)}`;
const options = { stream: 'site', version: 3, issuedAt: '2026-05-02T09:00:00Z' };

function told(envelope: Uint8Array): string {
  const io = fakeIo();
  countersignFile(io, 'it.json', envelope, { key: testKey(9), allowSecrets: [] });
  return io.stderr.join('\n');
}

it('shows the second pair of eyes how far an approval goes, for which images and why', () => {
  const items = [subject, { ...subject, name: 'registry.example/shop/other' }].map(
    (image, i) =>
      ({ image, fingerprint: `sha256:${String(i).repeat(64)}`, mode: 'kill', carry: 'digest' }) as const,
  );
  const text = told(signApproval({ items, reason: 'CHG-4711' }, options, vendor).envelope);
  expect(text).toMatch(/shop\/cart@\S+ may be killed when it drifts/);
  expect(text).toMatch(/shop\/other@\S+ may be killed when it drifts/);
  expect(text).toMatch(/without an end\n {2}reason: CHG-4711/);
});

it('shows each thing that an overlay grants', () => {
  const bindings = { sites: new Map(), volumes: new Map() };
  const content = { subject, base: digest, bindings, add: baseline.behaviour, reason: 'new cache' };
  const until = { ...options, expiresAt: '2026-06-01T00:00:00Z' };
  const text = told(signOverlay(content, until, vendor).envelope);
  expect(text).toContain('granted besides: `/usr/bin/cart` connects to `db.shop:5432`');
  expect(text).toContain('until 2026-06-01T00:00:00Z');
});
