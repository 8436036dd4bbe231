import type { SourceError } from '../agent/ports.ts';
import type { ChangeWord } from '../fingerprint/diff-change.ts';
import type { ErrorCode } from '../fingerprint/errors.ts';
import type { BehaviourKind, Origin } from '../fingerprint/event.ts';
import type { ReceiptResult } from '../fingerprint/order.ts';
import type { Reason } from '../fingerprint/reason.ts';
import type { VerifyWarning } from '../fingerprint/validity.ts';
import type { DriftReason, Mode, UnjudgedReason, Verdict } from '../fingerprint/verdict.ts';
import type { RegistryCode } from '../registry/errors.ts';
import type { ExitCode } from './exit.ts';

/** What a word means and what a person can do about it. */
export type Meaning = readonly [means: string, remedy?: string];

export const driftMeanings: Readonly<Record<DriftReason, Meaning>> = {
  'new-program': [
    'a program ran that is nowhere in the fingerprint',
    'look at the lineage: who started it? If it belongs there, learn again and have it approved',
  ],
  'new-lineage': [
    'a known program ran below a parent or root under which it was never approved',
    'compare the lineage with the approved one',
  ],
  'new-arguments': ['a known program ran with arguments that were never approved'],
  'foreign-origin': [
    'a known path held bytes that do not come from the image: it was replaced or written at run time',
    'compare the sha256 of the incident with the file in the image',
  ],
  'new-environment': ['a loader or interpreter hook (LD_PRELOAD and the like) was set that never was'],
  'new-file': ['a known program touched a file that it never touched'],
  'new-access': [
    'a known program touched a known file in a new way, for example it wrote where it only read',
  ],
  'sensitive-file': ['a file was touched that holds secrets or opens the way out of the container'],
  'first-egress': ['a program that never talked to anybody connected out'],
  'new-peer': ['a program that does connect out connected to somebody new'],
  'new-listener': ['a program listens on a port where it never listened'],
  rebinding: [
    'a public name answered an address inside: loopback, link-local, metadata or private space',
    'look at who answers for that name; an attacker may be steering the program to something internal',
  ],
  'new-name': ['a program asked for a DNS name that it never asked for'],
  'new-privilege': ['a program used a power of the kernel that it never used'],
  'never-learnable': [
    'behaviour that is never taken for normal by learning: dropped or in-memory code, namespaces, modules, ptrace, an interactive shell',
    'only a person can approve it, by name',
  ],
};

export const kindMeanings: Readonly<Record<BehaviourKind, string>> = {
  exec: 'a program was started',
  load: 'a file was mapped as code, or read as a script',
  open: 'a file was opened',
  link: 'a link was made',
  delete: 'a file was removed',
  rename: 'a file was renamed',
  connect: 'a connection was made or tried',
  listen: 'a port was opened for others',
  resolve: 'a DNS name was asked for',
  privilege: 'a power of the kernel was used',
};

export const unjudgedMeanings: Readonly<Record<UnjudgedReason, Meaning>> = {
  'no-fingerprint': ['nothing is approved for this workload yet', 'learn it, then sign a fingerprint'],
  'source-cannot-see': [
    'the fingerprint covers this kind of behaviour, the event source cannot see it',
    'whorl doctor',
  ],
  'events-lost': [
    'events were lost, so that absence proves nothing here',
    'whorl status shows how many and where',
  ],
  'instance-unknown': ['it is not known which workload the process belongs to'],
  'startup-not-learned': [
    'no start of this workload was seen while it was learned, so starts are not judged yet',
    'restart one copy when it suits you; whorl status lists them',
  ],
  untrusted: [
    'the fingerprint that was in force is refused now, and no other one has come: what the copies do is neither judged nor learned, so that nobody makes a release that was taken back normal; what is never normal still alerts',
    'whorl status says which and why; pull the new version, or take the refused file off the node to have it learned anew',
  ],
  'started-before-agent': [
    'the process is older than the agent, its start was not seen',
    'restart the workload once',
  ],
};

export const originMeanings: Readonly<Record<Origin, Meaning>> = {
  image: ['the bytes are those of the image that was approved'],
  upper: ['the file was written into the running container', 'put it into the image'],
  volume: ['the file lies on a volume: whoever else mounts it may change it'],
  scratch: ['the file lies in a scratch directory (tmpfs) that ends with the container'],
  memory: ['the program exists in memory alone, no file can be looked at afterwards'],
  carried: [
    'the file has the bytes of another image of the same pod: an init container handed it over',
    'approve it once, by its digest',
  ],
};

export const changeMeanings: Readonly<Record<ChangeWord, Meaning>> = {
  added: ['NEW allows something that OLD does not know'],
  widened: [
    'NEW allows what OLD knows in more cases: a pattern instead of names, one more way, one more origin',
  ],
  removed: ['OLD allowed it, NEW does not'],
  narrowed: ['NEW allows it in fewer cases than OLD'],
  changed: ['it is different, and allows neither more nor less by itself'],
};

/** What became of an order. */
export const receiptMeanings: Readonly<Record<ReceiptResult, Meaning>> = {
  done: ['the agent did what it was ordered'],
  'refused-signature': [
    'no command key of the agent’s trust policy signed the order',
    'compare roles.command of agent/trust.json with collector/command.pub',
  ],
  'refused-session': ['the order was made for an earlier connection of the agent; it is made anew'],
  'refused-sequence': ['an order with this number or a later one came before; it is made anew'],
  'refused-expired': [
    'the order came too late, or one of the two clocks is wrong',
    'compare the clocks of node and collector',
  ],
  'refused-node': ['the order was for another node'],
  'refused-no-drift': [
    'the agent itself saw no such drift, so that nothing is stopped on another’s word',
    'whorl incidents ID says what was seen; a collector that goes on asking is to be looked at',
  ],
  'refused-protected': [
    'what is approved does not go so far, or the process may not be stopped',
    'the detail of the receipt says which; whorl approve raises the mode',
  ],
  'refused-rate': ['so many were stopped in ten minutes that more would be an outage', 'look, then decide'],
  'target-gone': ['the process or container had ended before'],
  unsupported: [
    'nothing on that node can do it: cutting a copy off from the network needs an enforcer for it',
    'hold or kill it instead',
  ],
  failed: ['the agent tried and could not', 'the detail of the receipt, and its log, say why'],
};

export const verdictMeanings: Readonly<Record<Verdict['kind'], Meaning>> = {
  expected: ['the fingerprint knows this behaviour'],
  drift: ['the fingerprint does not know this behaviour', 'its reason says why: whorl explain new-program'],
  unjudged: [
    'nothing can be said of it, and why: no fingerprint, not seen, lost, unknown, older than the agent',
  ],
};

export const readinessMeanings: Readonly<Record<Reason['id'], Meaning>> = {
  elapsed: ['whether it was watched long enough'],
  forecast: [
    'whether a baseline fixed after half, three quarters or seven eighths of the time would have raised incidents since',
    'wait, or exercise what the workload does rarely',
  ],
  instances: [
    'whether enough independent copies showed the same: what only one copy showed tells how much the next start will add',
    'start or restart more copies',
  ],
  horizon: ['how long nothing new was seen, which bounds how often something new may still come'],
  representativeness: [
    'whether everything was seen that somebody declared must be (start, load, reload, rotate, backup, failover, shutdown); what is missing besides is named',
    'exercise it while it is watched',
  ],
  loss: ['whether events were lost while learning', 'whorl status shows where; learn again'],
};

export const modeMeanings: Readonly<Record<Mode, Meaning>> = {
  observe: ['drift is stored and nobody is told'],
  alert: ['drift is told'],
  freeze: ['the drifting processes are held in a frozen cgroup until a person decides or the deadline ends'],
  kill: ['the drifting processes are ended, evidence first'],
};

export const exitMeanings: Readonly<Record<ExitCode, Meaning>> = {
  0: ['fine, no drift'],
  1: ['drift was found, NEW allows more than OLD, or lint found something of severity high or worse'],
  2: ['the command line or a file given to it is wrong', 'the sentence on stderr names file, field and fix'],
  3: ['a signature or trust check failed', 'the code in brackets says which: whorl explain CODE'],
  4: ['the evidence is incomplete: events were lost or could not be seen'],
  5: ['network or registry failed'],
  70: ['a defect of whorl itself', 'run it with WHORL_DEBUG=1 and report it'],
};

const damaged = 'get the file again from where it was signed';
/** What holds a verified fingerprint at alert, besides what is refused elsewhere by the same code. */
export const warningMeanings: Readonly<Record<Exclude<VerifyWarning['code'], ErrorCode>, Meaning>> = {
  TOO_OLD: [
    'it was signed longer ago than the trust policy lets it count (maxAgeDays); it alerts at most',
    'ask its signer for a newer one',
  ],
  POLICY_EXPIRED: [
    'the trust policy has ended; everything under it alerts at most',
    'whorl trust add POLICY --expires TIME writes the next version, which says the same for longer',
  ],
  EVENTS_LOST: [
    'events were lost while it was learned, so that it may lack normal behaviour; it alerts at most',
    'learn again, with nothing lost',
  ],
};

export const errorMeanings: Readonly<Record<ErrorCode, Meaning>> = {
  TOO_LARGE: ['the document is larger than its kind may be'],
  NOT_UTF8: ['the document is not UTF-8 text'],
  JSON_SYNTAX: ['the document is not strict JSON: cut, doubled member, too deep or trailing data'],
  SCHEMA: ['a member is missing, unknown or of the wrong type; the sentence names it'],
  SUBJECT: ['the subject is not one name with a sha256 digest'],
  DIGEST_MISMATCH: ['it is about another image digest'],
  ENVELOPE_SYNTAX: ['the envelope is not strict JSON', damaged],
  ENVELOPE_SHAPE: ['this is not a DSSE envelope or Sigstore bundle', 'give the file that whorl sign wrote'],
  NO_SIGNATURE: ['the envelope carries no signature', damaged],
  TOO_MANY_SIGNATURES: [
    'the envelope carries more than 16 signatures, or too many that name no key',
    'sign with key ids, as whorl sign does',
  ],
  BUNDLE_UNSUPPORTED: [
    'it is a Sigstore bundle of another version, or one with a certificate (keyless), which names no key to pin',
    'sign with a key pair: whorl sign, or cosign attest --key',
  ],
  REPO_MISMATCH: ['it is about an image of another repository'],
  PLATFORM_MISMATCH: [
    'it is about the image for another platform',
    'whorl pull --platform, or attach one for each platform',
  ],
  BASE_MISSING: ['the fingerprint that this adds to is not here', 'give it with --fingerprint'],
  NOT_APPROVED: [
    'nobody who may has approved this here, so its drift alerts and goes no further',
    'whorl approve, when it was looked at',
  ],
  APPROVAL_FORBIDDEN: [
    'the trust policy names nobody who may approve for this image',
    'name approvers in its rule: whorl trust add --approver',
  ],
  BASE_MISMATCH: [
    'the overlay was bound for another fingerprint, perhaps another version of this one',
    'whorl bind with the fingerprint that is in force',
  ],
  OVERLAY_FORBIDDEN: [
    'the overlay binds a volume to a directory of code, settings or secrets, adds what its signers may not add, or grants until a date what is never learnable',
    'bind the directory of the volume itself; what signers may add stands in mayWiden of the trust policy',
  ],
  BASE64: ['a member is not strict base64', damaged],
  PAYLOAD_TYPE: ['the envelope is genuine perhaps, but it is of another kind than what is asked for here'],
  UNKNOWN_KEY: [
    'it is signed with a key that the trust policy does not name',
    'whorl trust add, if you trust the signer',
  ],
  BAD_SIGNATURE: [
    'the signature does not belong to these bytes: they were changed, or another key signed',
    damaged,
  ],
  WEAK_KEY: [
    'the key is no sound point of its curve: a signature by it proves nothing',
    'make a new one with whorl keygen',
  ],
  KEY_SYNTAX: [
    'this is not a key file whorl can read',
    'whorl keygen makes one; it signs with Ed25519, and verifies P-256 too',
  ],
  KEY_PASSPHRASE: ['the passphrase is wrong or missing'],
  KEY_NOT_ALLOWED: ['the signer is known, but the rule for this image does not allow it'],
  NO_TRUSTED_SIGNATURE: ['no signature is left that the trust policy accepts'],
  REVOKED_PAYLOAD: [
    'the trust policy takes back this very document',
    'ask its signer for the version that replaces it',
  ],
  KEY_REVOKED: [
    'the trust policy takes back the key: nothing it ever signed counts',
    'ask the signer for a document signed with the key that replaces it',
  ],
  KEY_RETIRED: [
    'the key is retired: what this site recorded before goes on counting, and this is not among it',
    'have it signed with the key that replaces it, or keep it by whorl trust retire --keep',
  ],
  KEY_NOT_YET_VALID: ['the trust policy lets this key count only from a later day', 'compare the clocks'],
  KEY_EXPIRED: [
    'the trust policy let this key count only until an earlier day',
    'have it signed with the key that replaces it',
  ],
  THRESHOLD: [
    'fewer different keys signed it than the trust policy asks for',
    'have another holder of a key add a signature: whorl sign F.intoto.json --key …',
  ],
  PAYLOAD_SYNTAX: ['what was signed is not strict JSON'],
  NOT_CANONICAL: ['what was signed is not in canonical form'],
  STATEMENT_TYPE: ['what was signed is not an in-toto statement'],
  PREDICATE_TYPE: ['what was signed is a statement about something else than a fingerprint'],
  READER_TOO_OLD: ['the fingerprint needs a newer whorl', 'update whorl'],
  CRITICAL_UNKNOWN: ['the fingerprint has a part that must be understood and is not', 'update whorl'],
  NO_RULE: ['the trust policy has no rule for this image', 'whorl trust add'],
  NO_LEARNER: [
    'a collector learned and signed this, and the trust policy names no learner',
    'whorl trust add --learner with the learner.pub of the collector, or whorl trust init --learner for a first policy',
  ],
  NOT_YET_VALID: ['it was issued in the future', 'compare the clocks'],
  EXPIRED: ['it has expired', 'ask its signer for a new version'],
  BELOW_MINIMUM: ['the trust policy asks for a newer version of this stream', 'whorl pull the newest'],
  ROLLBACK: ['a newer version was already seen: somebody offers an old one'],
  EQUIVOCATION: [
    'two different documents carry the same version: the signer or its key is in trouble',
    'ask the signer at once',
  ],
  SECRET_FOUND: ['a secret was found in what is to be signed', 'remove it, or allow it by its id'],
  POLICY_SYNTAX: ['the trust policy cannot be read'],
  POLICY_ROLLBACK: ['a newer trust policy is in force: somebody offers an old one'],
  POLICY_CHAIN: [
    'a trust policy from the network is signed by too few root keys of the policy in force, or of itself, or leaves a version out, or takes a revocation back',
    'whorl trust sign with enough root keys, versions in order',
  ],
  STATE_IO: ['what was accepted before cannot be read or kept', 'see to the disk; a damaged file is named'],
  POLICY_UNSAFE: [
    'the trust policy, or its directory, can be written by others, so that it binds nobody',
    'chown it to yourself and chmod go-w',
  ],
};

export const registryMeanings: Readonly<Record<RegistryCode, Meaning>> = {
  REGISTRY_REFERENCE: [
    'it is no image reference',
    'write it like registry.example/shop/cart:1.4 or registry.example/shop/cart@sha256:HEX',
  ],
  REGISTRY_UNREACHABLE: ['no connection to the registry', 'check the name, the network, and HTTPS_PROXY'],
  REGISTRY_TLS: [
    'the certificate of the registry is not accepted',
    'give the site’s own certificates with --ca-file or SSL_CERT_FILE',
  ],
  REGISTRY_TIMEOUT: ['the registry took too long', 'try again; behind a proxy set HTTPS_PROXY'],
  REGISTRY_AUTH: ['the registry wants a login, or another one', 'docker login, or DOCKER_CONFIG'],
  REGISTRY_CREDENTIALS: ['docker’s configuration, or a helper it names, cannot be read', 'docker login'],
  REGISTRY_NOT_FOUND: ['the registry has no such image', 'check the name, and that it was pushed'],
  REGISTRY_BUSY: ['the registry answers that it is too busy, or broken', 'try again later'],
  REGISTRY_ANSWER: ['the registry answers with something that registries do not answer'],
  REGISTRY_TOO_LARGE: ['the registry sends more than such a document may have'],
  REGISTRY_DIGEST: [
    'the registry hands out other bytes than those that were asked for',
    'do not use it: it, or somebody between, changes what it gives',
  ],
  REGISTRY_REDIRECT: [
    'the registry sends to a place that is not gone to: in the clear, in a circle, or for a write',
  ],
  REGISTRY_NOT_LISTED: [
    'others publish beside the image so often that ours does not stay on the list',
    'run it again; nothing is lost by doing it twice',
  ],
  NOTHING_ATTACHED: [
    'no fingerprint is published beside the image, which revokes nothing',
    'whorl list shows what there is',
  ],
  LAYOUT_SYNTAX: ['the file is not what whorl save writes', 'copy it again'],
  LAYOUT_UNSAFE: ['the tar holds links, doubled names or ways out of its directory', 'do not use it'],
  LAYOUT_TOO_LARGE: ['the tar is larger than a bundle of fingerprints may be'],
  LAYOUT_DIGEST: [
    'a file of the tar is not the one it is named by',
    'copy it again; if it stays so, somebody changed it',
  ],
};

export const sourceMeanings: Readonly<Record<SourceError['code'], Meaning>> = {
  'no-permission': [
    'the source of events may not be opened by this user, or by everybody, who could then speak in its name',
    'run the agent as root; take the right to write from others',
  ],
  'no-btf': ['the kernel does not describe its types, which the event sensor needs', 'see whorl doctor'],
  'no-compiler': ['the event sensor is not built, and cannot be built here', 'see whorl doctor'],
  'not-linux': ['live events need Linux'],
  'source-ended': [
    'the source of events ended, or ended the stream; until it is back nothing is seen',
    'look at its own log; the agent comes back by itself',
  ],
  'bad-recording': ['a recording of the sensor cannot be replayed'],
  'bad-setting': [
    'what the configuration says of the source cannot be',
    'docs/sources.md says which forms each setting takes',
  ],
  unreachable: [
    'nobody answers where the source of events should be',
    'start it, or say with sourceAddress where it is; docs/sources.md says how each is set up',
  ],
  'wrong-service': [
    'somebody else answers where the source of events should be, or a release that speaks otherwise',
    'correct sourceAddress; docs/sources.md says which releases are read',
  ],
  'wrong-certificate': [
    'the source of events and the agent do not take each other for what they say they are',
    'see sourceCa, sourceCertificate, sourceKey and sourceName in docs/operations.md',
  ],
  wedged: [
    'the source of events stands still: it takes connections and delivers nothing, although it counts',
    'restart it; one client of Tracee that stopped reading stops it for all',
  ],
};
