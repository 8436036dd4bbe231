import { type Answer, workloadName } from './answer.ts';
import { counted } from './known-file.ts';

/** Of a workload whose fingerprint is refused: why, and the two ways out. By tag: Docker's digest is none a registry knows. */
function describeUntrusted(row: Answer): string[] {
  const untrusted = row.at('untrusted');
  const subject = row.at('workload').at('subject');
  const learned = row.at('approval').flag('provisional');
  return [
    `untrusted  ${workloadName(row)}: what was signed for it is refused (${untrusted.text('code')}), so nothing is learned of it, and it is ${learned ? 'judged only by what was learned before' : 'not judged'}`,
    `             have a new version signed, or get it: whorl pull ${subject.text('name')}:TAG --trust POLICY.json --out F --push`,
    `             to learn it anew instead, take away agent/fingerprints/${untrusted.text('file')}.intoto.json`,
  ];
}

/** What rules one workload on this node: who signed it, how far a reaction may go, in whose name and until when. */
export function describeJudged(row: Answer): string[] {
  if (row.text('state') === 'untrusted') return describeUntrusted(row);
  const approval = row.at('approval');
  const mode = approval.text('maxMode');
  // Of what only learns there is nothing to say here, and what was only learned the collector tells.
  if (mode === '' || approval.flag('provisional')) return [];
  const what = approval.flag('carried')
    ? 'no fingerprint for this image yet'
    : `version ${approval.number('version')} by ${approval.text('signedBy')}`;
  return [
    `judging    ${workloadName(row)}: ${what}; ${howFar(approval, mode)}`,
    ...inert(row.number('inert')),
    ...unseen(row.words('unseen')),
    ...unapproved(row),
  ];
}

function howFar(approval: Answer, mode: string): string {
  const by = approval.text('approvedBy');
  const until = approval.text('approvedUntil');
  const who = by === '' ? '' : `, approved by ${by}${until === '' ? '' : ` until ${until}`}`;
  const never = approval.text('neverLearnableMode');
  if (never === '' || never === mode) return `up to ${mode}${who}`;
  return `up to ${mode}, and up to ${never} against what is never normal${who} for an earlier version`;
}

function inert(entries: number): string[] {
  if (entries === 0) return [];
  const count = counted(entries, 'entry is', 'entries are');
  return [`             ${count} inert: its signer may not grant them alone, and nobody has approved them`];
}

/** A fingerprint that was learned by a source which sees more than the one that watches here. */
function unseen(kinds: string): string[] {
  return kinds === ''
    ? []
    : [`             not judged here, because the source of this node cannot see it: ${kinds}`];
}

function unapproved(row: Answer): string[] {
  if (!row.words('warnings').includes('NOT_APPROVED')) return [];
  return ['             waits for approval, and alerts at most until then: look at it, then whorl approve'];
}
