import { createPublicKey, verify } from 'node:crypto';
import nacl from 'tweetnacl';
import { open, pae, statementPayloadType } from '../fingerprint/envelope.ts';
import type { Baseline } from '../fingerprint/fingerprint.ts';
import { generateKey } from '../fingerprint/keys.ts';
import { newTrustPolicy } from '../fingerprint/new-trust-policy.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { isRecorded, learned, recorded } from '../test/corpus/replay.ts';
import type { BenchOptions, BenchResult, Figure } from './result.ts';
import { cpuMicros, median } from './statistics.ts';

/** The largest fingerprint anybody publishes (reference: RAD's catalogue) has so many bytes. */
const largeBytes = 470_000;
const vendor = generateKey((n) => new Uint8Array(n).fill(1));
const now = Date.UTC(2026, 1, 1);
const rounds = 5;

interface Side {
  readonly name: string;
  readonly bytes: number;
  /** Envelope in, VerifiedFingerprint out: every step there is. */
  whorl(): void;
  /** The signature alone, with a key and a message that are ready. */
  bare(): void;
  nacl(): void;
}

function sideOf(name: string, baseline: Baseline): Side {
  const stream = baseline.subject.name;
  const options = { stream, version: 1, issuedAt: '2026-01-02T00:00:00Z' };
  const { envelope } = signFingerprint(baseline, options, vendor);
  const policy = newTrustPolicy({
    signer: vendor.publicKey,
    owner: 'Vendor',
    image: '**',
    maxMode: 'kill',
    issuedAt: '2026-01-01T00:00:00Z',
  });
  const { payload, signatures } = open(envelope, [statementPayloadType]);
  const message = pae(statementPayloadType, payload);
  const signature = signatures[0]?.sig ?? new Uint8Array();
  const { spki, raw } = vendor.publicKey;
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const holds = (answer: boolean): void => {
    if (!answer) throw new Error('a good signature was refused');
  };
  return {
    name,
    bytes: payload.length,
    whorl: () => void verifyFingerprint(envelope, policy, { now }),
    bare: () => holds(verify(null, message, key, signature)),
    nacl: () => holds(nacl.sign.detached.verify(message, signature, raw)),
  };
}

/** A service with so many files that its statement has the wanted size. */
function grown(baseline: Baseline, bytes: number): Baseline {
  const [first, ...rest] = baseline.behaviour.programs;
  if (first === undefined) throw new Error('the recording of nginx has no program');
  const files = [...first.files];
  for (let i = 0, size = 0; size < bytes; i++) {
    const path = `/srv/app/node_modules/${word(i)}/lib/${word(i * 31)}.js`;
    files.push({ path, access: ['read'] });
    size += JSON.stringify(files.at(-1)).length + 1;
  }
  const program = { ...first, files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
  return { ...baseline, behaviour: { programs: [program, ...rest] } };
}

function word(i: number): string {
  let out = '';
  for (let rest = i + 1; rest > 0; rest = Math.floor(rest / 21)) out += 'bcdfghjklmnpqrstvwxyz'[rest % 21];
  return `${out}a`;
}

/** What it costs to believe a fingerprint, against the one signature that has to be checked whatever one does. */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  if (!isRecorded('nginx', 'a')) throw new Error('bpf-fixtures/corpus/nginx is not there');
  const nginx = learned(recorded('nginx', 'a'));
  const share = quick ? 0.25 : 1;
  const typical = measure(sideOf('nginx', nginx), 2000 * share);
  const large = measure(sideOf('large', grown(nginx, largeBytes)), 60 * share);
  return {
    name: 'verify',
    measures:
      'all steps of verification of the fingerprint of nginx, from the bytes of its envelope, against node:crypto over its signature alone, CPU, median of 5',
    ratio: typical.ratio,
    bar: { better: 'smaller', value: 10 },
    figures: [...typical.figures, ...large.figures],
    notes: [
      'bare: key parsed and message encoded beforehand, nothing but the signature',
      `large: the same with files added up to ${largeBytes} bytes; of it, reading the content strictly is the greater part`,
    ],
  };
}

/** The three take turns, so that a busy neighbour meets all of them. */
function measure(side: Side, times: number): { readonly ratio: number; readonly figures: readonly Figure[] } {
  const naclTimes = Math.max(2, Math.round(times / 50));
  const round = () => ({
    whorl: micros(side.whorl, times),
    bare: micros(side.bare, times),
    nacl: micros(side.nacl, naclTimes),
  });
  round();
  const costs = Array.from({ length: rounds }, round);
  const of = (pick: (c: (typeof costs)[number]) => number): number => median(costs.map(pick));
  const perSecond = (key: string, us: number, label: string): Figure => ({
    key: `${side.name}${key}`,
    value: 1e6 / us,
    unit: '/s',
    label: `${side.name}: ${label}`,
  });
  const ratio = of((c) => c.whorl / c.bare);
  return {
    ratio,
    figures: [
      { key: `${side.name}Bytes`, value: side.bytes, unit: 'B', label: `${side.name}: content` },
      perSecond(
        'Verified',
        of((c) => c.whorl),
        'fingerprints verified per second of CPU',
      ),
      perSecond(
        'Bare',
        of((c) => c.bare),
        'signatures by node:crypto',
      ),
      perSecond(
        'Tweetnacl',
        of((c) => c.nacl),
        'signatures by tweetnacl',
      ),
      { key: `${side.name}Ratio`, value: ratio, unit: '', label: `${side.name}: ratio` },
    ],
  };
}

function micros(work: () => void, times: number): number {
  const cpu = cpuMicros(() => {
    for (let i = 0; i < times; i++) work();
  });
  return cpu / times;
}
