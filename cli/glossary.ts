import type { ChangeWord } from '../fingerprint/diff-change.ts';
import type { BehaviourKind, Origin } from '../fingerprint/event.ts';
import type { ReceiptResult } from '../fingerprint/order.ts';
import type { Reason } from '../fingerprint/reason.ts';
import type { DriftReason, Mode, UnjudgedReason, Verdict } from '../fingerprint/verdict.ts';
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
  'refused-rate': [
    'so many were stopped on that node in ten minutes that more would be an outage: each agent counts for itself, whoever orders',
    'look, then decide; hold instead of kill has a wider limit, and resume always goes',
  ],
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
