/** The published surface of the format: everything a program needs to read, learn, sign, verify and judge. */

// what is seen, and its words
export type { ApprovalScope, ApprovedFingerprint, SiteApproval, SiteApprovalContent } from './approval.ts';
export { type Actor, type Behaviour, type BehaviourOf, maxLineage, type Root, roots } from './behaviour.ts';
export { behaviourDigest } from './behaviour-digest.ts';
export { parseBehaviour } from './behaviour-json.ts';
export { type Bindings, type BoundPeer, noBindings } from './bindings.ts';
export { canonicalBytes } from './canonical.ts';
export { condense, type Generalised, generalisedIn } from './condense.ts';
export { type CoverageWord, coverageWords, covers } from './coverage.ts';
export { type CriticalFeature, criticalFeatures } from './critical-features.ts';
export { type Difference, diff } from './diff.ts';
export type { Change, ChangeKind, ChangeWord } from './diff-change.ts';
export { diffMarkdown } from './diff-markdown.ts';
export { diffSarif } from './diff-sarif.ts';
export { type Effective, effectiveOf, type SiteDocuments } from './effective.ts';
export { joinBindings, unboundParameters } from './effective-bindings.ts';
// trust
export { type ErrorCode, errorCodes, FingerprintError } from './errors.ts';
export {
  type Access,
  type BehaviourKind,
  behaviourKinds,
  type ContainerRef,
  type DnsAnswer,
  type Event,
  type EventKind,
  type EventOf,
  type Origin,
  type Privilege,
  type ProcessRef,
  type Transport,
} from './event.ts';
export { formatEvent, parseEvent } from './event-json.ts';
export { explainBehaviour } from './explain.ts';
export { describeBaseline } from './explain-baseline.ts';
export { type ExportOptions, exportPredicate } from './export-predicate.ts';
// what is known
export type {
  Baseline,
  BehaviourSet,
  Exercise,
  ExerciseMode,
  Expectation,
  FileEntry,
  Fingerprint,
  Inherited,
  NetworkEntry,
  Observation,
  PrivilegeEntry,
  Program,
  RuleVersion,
  Scope,
  SiteParameter,
} from './fingerprint.ts';
export { generalise, generaliseArg, generalisePath, type Substitutions } from './generalise.ts';
export { type Entry, type Grant, grantsOf } from './grants.ts';
export { behaviourIdentity } from './identity.ts';
// what is said of it
export type { Approval, Drift, Incident, Severity } from './incident.ts';
export { type BookLimits, defaultBookLimits, IncidentBook, type Observed } from './incidents.ts';
export { type FingerprintIndex, indexBehaviour } from './index-behaviour.ts';
export { judge } from './judge.ts';
export {
  generateKey,
  type KeyAlgorithm,
  openPrivateKey,
  type PrivateKey,
  type PublicKey,
  parsePublicPem,
  privatePem,
  publicPem,
  sealPrivateKey,
} from './keys.ts';
export { type LearnAbout, type Learned, learn, learnReport } from './learn.ts';
export type { LearnedCopy, LearnedEntry, LearningHistory, Schedule } from './learning-history.ts';
export { type Finding, type LintReport, lint, lintRules } from './lint.ts';
export { merge } from './merge.ts';
export { type NeverLearnableRow, neverLearnableRows } from './never-learnable-rows.ts';
export { newTrustPolicy } from './new-trust-policy.ts';
export type { Overlay, OverlayContent } from './overlay.ts';
export { parseBehaviourSet } from './parse-behaviour-set.ts';
export { parseBaseline } from './parse-fingerprint.ts';
export { parseTrustPolicy } from './parse-trust-policy.ts';
export { readSignedPolicy, signTrustPolicy, verifyPolicyChain } from './policy-chain.ts';
// safe hands
export { printable } from './printable.ts';
export { prune } from './prune.ts';
export {
  defaultThresholds,
  demoThresholds,
  type Readiness,
  readiness,
  type Thresholds,
} from './readiness.ts';
export type { Reason } from './reason.ts';
export { currentRules } from './rules.ts';
export { type Score, score } from './score.ts';
export { findSecrets, redactArgs, redactText, type SecretFinding } from './secrets.ts';
export { isSensitivePath, neverLearnable } from './sensitive.ts';
export { type SensitiveRow, sensitiveRows } from './sensitive-rows.ts';
export { incidentSentence } from './sentence.ts';
export { severityOf } from './severity.ts';
export { type SignedFingerprint, type SignOptions, signFingerprint } from './sign.ts';
export { type SignedApproval, signApproval } from './sign-approval.ts';
export { type SignedOverlay, signOverlay } from './sign-overlay.ts';
export { parseJson } from './strict-json.ts';
export { uniteRemoved, withoutRemoved } from './tombstones.ts';
export type { TrustPolicy } from './trust-policy.ts';
export { trustPolicyDocument } from './trust-policy-writer.ts';
export { type DriftReason, type Mode, minMode, modes, type UnjudgedReason, type Verdict } from './verdict.ts';
export { type VerifiedFingerprint, type VerifyContext, verifyFingerprint } from './verify.ts';
export { type VerifiedApproval, type VerifyApprovalContext, verifyApproval } from './verify-approval.ts';
export { type VerifiedOverlay, type VerifyOverlayContext, verifyOverlay } from './verify-overlay.ts';
export { type Instance, type Role, type Subject, type Workload, workloadKey } from './workload.ts';
