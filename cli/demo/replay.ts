import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { InForce } from '../../agent/core/watched.ts';
import { inForceOf } from '../../agent/in-force.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import { effectiveOf } from '../../fingerprint/effective.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { generateKey } from '../../fingerprint/keys.ts';
import { learnReport } from '../../fingerprint/learn.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { signApproval } from '../../fingerprint/sign-approval.ts';
import { formatTimestamp } from '../../fingerprint/timestamp.ts';
import { verifyFingerprint } from '../../fingerprint/verify.ts';
import { verifyApproval } from '../../fingerprint/verify-approval.ts';
import type { Subject } from '../../fingerprint/workload.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { observationOf } from '../observation.ts';
import { observe } from '../observe.ts';
import { type Recording, readRecording } from '../recording.ts';
import { reason } from './approve.ts';
import type { Outcome } from './ending.ts';
import type { Narrator } from './narrator.ts';
import { lineageText } from './outcome.ts';

/** The recordings name no image: the demo gives them one, made of their name. */
const subject: Subject = {
  name: 'shop',
  digest: `sha256:${sha256Hex(Buffer.from('recorded shop of the demo'))}`,
};

/** The story without a kernel to watch: recorded events through the same learning, signing and judging. */
export async function playRecorded(io: Io, narrator: Narrator, why: string): Promise<readonly Outcome[]> {
  narrator.say(`Live events cannot be had: ${why}.`);
  narrator.say(
    'So this is a REPLAY of events that were recorded from a real kernel, and nothing is stopped (dry run).',
  );
  narrator.step('Two copies of a small web shop, as they were recorded: learning');
  const benign = await recording(io, 'benign');
  const baseline = learn(benign);
  narrator.good(
    `${baseline.behaviour.programs.length} programs learned from ${baseline.observation.events} events of ${baseline.observation.instances.length} copies`,
  );
  narrator.step(
    'A key, a trust policy, a signature: what was learned becomes a fingerprint, and is approved',
  );
  const inForce = sign(io, baseline);
  narrator.good(
    `version ${inForce.approval.version}, signed by ${inForce.approval.signedBy}, approved by ${inForce.approval.approvedBy} up to ${inForce.approval.maxMode}`,
  );
  narrator.step('The ordinary days again: nothing may drift');
  const quiet = judge(benign, inForce);
  if (quiet.length > 0)
    throw new CliError(exitCodes.drift, `ordinary events drifted: ${quiet[0]?.incident.sentence ?? ''}`);
  narrator.good('no drift');
  narrator.step('The attack, as it was recorded');
  const outcomes = judge(await recording(io, 'attack'), inForce);
  for (const { incident } of outcomes) {
    narrator.loud(incident.sentence);
    narrator.say(lineageText(incident));
    narrator.say(
      `live, pid ${incident.culprit.pid} and everything it started would have been killed (dry run)`,
    );
  }
  return outcomes;
}

/** Beside the sources, or two folders above where the package holds them built. */
function recording(io: Io, name: 'benign' | 'attack'): Promise<Recording> {
  const places = ['../../', '../../../'].map((up) =>
    fileURLToPath(new URL(`${up}bpf-fixtures/sensor/${name}/events.jsonl`, import.meta.url)),
  );
  const file = places.find((place) => existsSync(place));
  if (file === undefined)
    throw new CliError(exitCodes.internal, 'the recorded events are not installed', 'install whorl again');
  return readRecording(io, [file], { source: 'events', digest: subject.digest });
}

function learn(benign: Recording): Baseline {
  const observed = observe(benign.events(), { subject, coverage: behaviourKinds });
  const observation = observationOf(observed, subject, 'sensor');
  return learnReport(subject, observed.novelties, { coverage: behaviourKinds, observation }).baseline;
}

function sign(io: Io, baseline: Baseline): InForce {
  const key = generateKey(io.random);
  const issuedAt = formatTimestamp(io.now());
  const { envelope } = signFingerprint(baseline, { stream: subject.name, version: 1, issuedAt }, key);
  const policy = newTrustPolicy({
    signer: key.publicKey,
    owner: 'owner',
    image: subject.name,
    maxMode: 'kill',
    issuedAt,
  });
  const now = io.now();
  const verified = verifyFingerprint(envelope, policy, { now });
  const item = { image: subject, fingerprint: verified.digest, mode: 'kill', carry: 'repository' } as const;
  const content = { items: [item], reason };
  const signed = signApproval(content, { stream: subject.name, version: 1, issuedAt }, key);
  const approvals = [verifyApproval(signed.envelope, policy, { now })];
  return inForceOf(verified, effectiveOf(verified, { overlays: [], approvals }));
}

function judge(recorded: Recording, inForce: InForce): readonly Outcome[] {
  return observe(recorded.events(), { subject, coverage: behaviourKinds, inForce }).incidents.map(
    (incident) => ({ incident }),
  );
}
