import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTraceeNormaliser } from '../../agent/core/normalise/tracee/tracee.ts';
import { generateKey } from '../../fingerprint/keys.ts';
import { learn } from '../../fingerprint/learn.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { trustPolicyDocument } from '../../fingerprint/trust-policy-writer.ts';
import { ShippedPath } from '../shipped-path.ts';
import type { Copy } from './fleet.ts';
import { framesOf, Mixture } from './mixture.ts';
import { frameHead } from './tracee-frames.ts';

const vendor = generateKey((n) => new Uint8Array(n).fill(1));

/**
 * Into the agent's directory: what each copy does, learned by the agent's own parts from the messages it will be sent,
 * signed, and the policy that believes the signature. @returns entries of all
 */
export async function makeFingerprints(dir: string, copies: readonly Copy[]): Promise<number> {
  mkdirSync(join(dir, 'fingerprints'), { recursive: true, mode: 0o700 });
  writePolicy(dir, '2026-01-01T00:00:00Z');
  let entries = 0;
  for (const copy of copies) entries += await makeOne(dir, copy);
  return entries;
}

/** The same policy issued later: an agent that finds it verifies all that it holds anew. */
export function policyAnew(dir: string): void {
  writePolicy(dir, '2026-02-01T00:00:00Z');
}

function writePolicy(dir: string, issuedAt: string): void {
  const policy = newTrustPolicy({
    signer: vendor.publicKey,
    owner: 'Bench',
    image: '**',
    maxMode: 'alert',
    issuedAt,
  });
  writeFileSync(join(dir, 'trust.json'), JSON.stringify(trustPolicyDocument(policy)), { mode: 0o600 });
}

async function makeOne(dir: string, copy: Copy): Promise<number> {
  const { container, scope, image, digest, index, startedAt } = copy;
  const place = { id: 1_000_000 + index, path: `/${scope}` };
  const view = {
    bootOffset: () => 0,
    startTicks: () => undefined,
    placeOf: (id: string) => (id === container ? place : undefined),
  };
  const path = new ShippedPath({ normaliser: createTraceeNormaliser(view) });
  path.pipeline.take(path.normaliser.note({ type: 'connected', version: 'v0.24.1' }));
  const mixture = new Mixture([framesOf(copy, 'full')], { connects: 0, lives: 0 });
  const real = { pid: 1, startedAt };
  for (const frame of mixture.beginning(real, clock(startedAt))) {
    path.read(frame.subarray(frameHead));
    if (path.counters.get('behaviours') === 0) await path.identified();
  }
  await path.identified();
  const baseline = learn({ name: image, digest }, path.novelties(), {
    coverage: path.normaliser.coverage(),
    observation: {
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T01:00:00Z',
      source: 'tracee',
      events: path.counters.get('events'),
      lost: 0,
      instances: [],
    },
  });
  const { envelope } = signFingerprint(
    baseline,
    { stream: 'main', version: 1, issuedAt: '2026-01-02T00:00:00Z' },
    vendor,
  );
  writeFileSync(join(dir, 'fingerprints', `copy-${index}.intoto.json`), envelope);
  return baseline.behaviour.programs.reduce(
    (n, p) => n + p.files.length + p.network.length + p.args.length,
    0,
  );
}

function clock(startedAt: number): () => number {
  let time = startedAt + 1e6;
  return () => (time += 1_000);
}
