import type { SourceError } from '../agent/ports/source.ts';
import type { ErrorCode } from '../fingerprint/errors.ts';
import type { VerifyWarning } from '../fingerprint/validity.ts';
import type { RegistryCode } from '../registry/errors.ts';
import type { Meaning } from './glossary.ts';

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
