import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../fingerprint/incident.ts';
import type { AgentLine } from '../agent-line.ts';
import type { CollectorLine } from '../collector-line.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { LocalStack } from '../local-stack.ts';
import { Approver, setMode, type ToApprove } from './approve.ts';
import { runDroppedBinary, runShell } from './attack.ts';
import type { Cleanup } from './cleanup.ts';
import type { Outcome } from './ending.ts';
import type { Narrator } from './narrator.ts';
import { watchOutcome } from './outcome.ts';
import { ordinaryDay, type Shop, visit } from './shop.ts';
import { furnishedShop, isGone, makeStage, type OpenShop, type Stage, startWatching } from './stage.ts';

/** How long learning may take before the story is given up: far more than the demo's thresholds ask for. */
const learnWithinMs = 45_000;
/** Two copies are enough as a rule, and known by then. What one of two starts alone showed needs a third. */
const thirdCopyAfterMs = 15_000;
/** Drift of benign traffic would show within a few milliseconds; a second more than that is waited for. */
const quietMs = 1_500;

interface Play {
  readonly stage: Stage;
  readonly stack: LocalStack;
  readonly shops: readonly [Shop, Shop];
  readonly openShop: OpenShop;
  readonly narrator: Narrator;
  readonly cleanup: Cleanup;
  readonly signal: AbortSignal;
}

/** Live, every attack has its receipt. */
type Stopped = Required<Outcome>;

export interface StoryOptions {
  readonly sensor: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly narrator: Narrator;
  readonly cleanup: Cleanup;
  readonly signal: AbortSignal;
}

/** The whole story on live kernel events. @returns what came of the two attacks */
export async function playStory(options: StoryOptions): Promise<readonly Stopped[]> {
  const { narrator, cleanup, signal } = options;
  const stage = await makeStage(cleanup);
  narrator.step('A collector and an agent, a process each');
  const stack = await startWatching(stage, cleanup, options);
  const ready = await stage.agentLines.wait('the agent seeing events', byType('agent-ready'), { signal });
  narrator.say(
    `collector pid ${stack.collector.pid} at ${stack.ready.address} (TLS), agent pid ${stack.agent.pid}`,
  );
  narrator.say(`the agent sees ${ready.coverage.join(', ')} through its own eBPF sensor`);
  narrator.step('Two copies of a small web shop, each in a cgroup of its own');
  const openShop = await furnishedShop(stage, cleanup);
  const shops = await watchShops(stage, openShop, options);
  const play: Play = { stage, stack, shops, openShop, narrator, cleanup, signal };
  const learned = await learn(play);
  await enforce(play, learned);
  await ordinaryTraffic(play);
  return [await droppedBinary(play), await shell(play)];
}

async function watchShops(
  stage: Stage,
  openShop: OpenShop,
  { narrator, signal }: StoryOptions,
): Promise<readonly [Shop, Shop]> {
  const shops = [await openShop('shop-1'), await openShop('shop-2')] as const;
  for (const shop of shops) {
    const seen = (line: AgentLine) =>
      line.type === 'instance' && line.instance.id === shop.cgroup ? line : undefined;
    await stage.agentLines.wait(`the agent seeing ${shop.name}`, seen, { signal });
    narrator.say(`${shop.name}: pid ${shop.pid}, http://127.0.0.1:${shop.port}, cgroup ${shop.cgroup}`);
  }
  return shops;
}

async function learn(play: Play): Promise<ToApprove> {
  const { stage, narrator, signal } = play;
  narrator.step('Ordinary days: the agent learns what the shop does');
  const done = new AbortController();
  const traffic = keepBusy(play.shops, done.signal);
  const third = thirdCopy(play, done.signal);
  // Heard at the end: until then a failure must not end the program around it.
  third.catch(() => undefined);
  // Daily work may be known before start-ups are; what is approved below covers both.
  const ready = (line: CollectorLine) =>
    readinessOf(line, stage)?.phases.includes('start') === true ? readinessOf(line, stage) : undefined;
  try {
    const limits = { signal, timeoutMs: learnWithinMs };
    const line = await stage.collectorLines.wait('the end of learning', ready, limits);
    narrator.say('learning is complete, by the thresholds of a demo (a real site needs days):');
    for (const reason of line.reasons) narrator.good(reason.sentence);
    return { hash: line.hash, subject: line.workload.subject };
  } catch (error) {
    tellWhatIsMissing(play);
    throw error;
  } finally {
    done.abort();
    await Promise.all([traffic, third]);
  }
}

/** Does as the collector advises when a start is what is missing. */
async function thirdCopy({ stage, narrator, openShop }: Play, done: AbortSignal): Promise<void> {
  await sleep(thirdCopyAfterMs, undefined, { signal: done }).catch(() => undefined);
  if (done.aborted || !missing(stage).some(({ phase }) => phase === 'start')) return;
  narrator.say('its start-up is not known yet; a third copy starts, to see what comes again');
  await openShop('shop-3');
}

type ReadinessLine = Extract<CollectorLine, { type: 'readiness' }>;

function readinessOf(line: CollectorLine, stage: Stage): ReadinessLine | undefined {
  return line.type === 'readiness' && line.workload.owner.includes(stage.cgroup) ? line : undefined;
}

function tellWhatIsMissing({ stage, narrator }: Play): void {
  for (const reason of missing(stage)) narrator.say(`still missing: ${reason.sentence}`);
}

function missing(stage: Stage): ReadinessLine['reasons'] {
  const last = stage.collectorLines.since(0).findLast((line) => readinessOf(line, stage) !== undefined);
  return last?.type === 'readiness' ? last.reasons.filter((reason) => !reason.ok) : [];
}

async function keepBusy(shops: readonly Shop[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.all(shops.map((shop) => ordinaryDay(shop.port)));
    await sleep(200, undefined, { signal }).catch(() => undefined);
  }
}

async function enforce(play: Play, learned: ToApprove): Promise<void> {
  const { stage, stack, narrator, signal } = play;
  narrator.step('Keys, a trust policy, a signature: what was learned becomes a fingerprint, and is approved');
  const from = stage.agentLines.end;
  const person = new Approver(stage, stack, narrator);
  await person.sign(learned);
  const wait = { from, signal };
  const line = await stage.agentLines.wait(
    'the fingerprint taking effect',
    byType('fingerprint-in-force'),
    wait,
  );
  narrator.good(
    `in force: version ${line.version}, signed by ${line.signedBy}; alone it may go as far as ${line.maxMode}`,
  );
  await person.approve();
  const decided = await stage.agentLines.wait(
    'the approval taking effect',
    (told) => (told.type === 'approval-in-force' ? told : undefined),
    wait,
  );
  const modes = decided.items.map((item) => item.mode);
  narrator.good(`approved by ${decided.signedBy}: drift may be answered up to ${modes.join(', ')}`);
}

async function ordinaryTraffic(play: Play): Promise<void> {
  const { stage, shops, narrator, signal } = play;
  narrator.step('Another ordinary day: nothing may drift');
  const from = stage.agentLines.end;
  const answers = (await Promise.all(shops.map((shop) => ordinaryDay(shop.port)))).flat();
  await sleep(quietMs, undefined, { signal });
  const drifted = stage.agentLines
    .since(from)
    .filter((line) => line.type === 'incident' && isOurs(line.incident, stage));
  for (const line of drifted) if (line.type === 'incident') narrator.loud(line.incident.sentence);
  if (drifted.length > 0)
    throw new CliError(exitCodes.drift, 'ordinary traffic drifted: learning was not complete');
  narrator.good(`${answers.filter((status) => status > 0).length} requests answered, no drift`);
}

async function droppedBinary(play: Play): Promise<Stopped> {
  const { stage, shops, narrator, stack } = play;
  const [shop] = shops;
  narrator.step(`Reactions up to "freeze": ${shop.name} runs a program that somebody dropped`);
  await setMode(stack, 'freeze');
  const from = stage.agentLines.end;
  await runDroppedBinary(stage, shop);
  const outcome = await watchOutcome(play, shop.cgroup, from);
  narrator.say(
    'held, not ended: a person can look at it, let it go or kill it; else it runs on in 10 minutes',
  );
  await neighboursAnswer(play);
  return outcome;
}

async function shell(play: Play): Promise<Stopped> {
  const { stage, shops, narrator, stack, cleanup } = play;
  const shop = shops[1];
  narrator.step(`Reactions up to "kill": ${shop.name} runs a shell that connects out`);
  await setMode(stack, 'kill');
  const from = stage.agentLines.end;
  await runShell(cleanup, shop);
  const outcome = await watchOutcome(play, shop.cgroup, from);
  const { stopped } = outcome.receipt;
  for (const pid of stopped) await untilGone(pid);
  narrator.good(`pid ${stopped.join(', ')} is gone`);
  await neighboursAnswer(play);
  return outcome;
}

async function neighboursAnswer({ shops, narrator }: Play): Promise<void> {
  for (const shop of shops) {
    const status = await visit(shop.port, '/');
    if (status !== 200)
      throw new CliError(exitCodes.internal, `${shop.name} does not answer any more (${status})`);
  }
  narrator.good('both copies still answer');
}

async function untilGone(pid: number): Promise<void> {
  for (let attempt = 0; !isGone(pid); attempt += 1) {
    if (attempt > 250) throw new CliError(exitCodes.internal, `pid ${pid} is still there`);
    await sleep(20);
  }
}

function isOurs(incident: Incident, stage: Stage): boolean {
  return incident.instance.id.startsWith(`${stage.cgroup}/`);
}

function byType<T extends AgentLine['type']>(
  type: T,
): (line: AgentLine) => Extract<AgentLine, { type: T }> | undefined {
  // The guard proves what the compiler cannot follow through a type parameter.
  return (line) => (line.type === type ? (line as Extract<AgentLine, { type: T }>) : undefined);
}
