import { printable } from '../fingerprint/printable.ts';
import { parseReceipt } from '../fingerprint/receipt-json.ts';
import { receiptText, shortId } from './agent-line.ts';
import { Answer, workloadName } from './answer.ts';
import { type ApiClient, connectCollector, memberOf } from './api-client.ts';
import type { WhereOptions } from './collector-place.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { typedConfirmation } from './typed-confirmation.ts';

export interface StopOptions extends WhereOptions {
  readonly reason?: string;
  readonly force?: readonly string[];
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly wait?: boolean;
}

export interface StopWish {
  readonly action: string;
  readonly ids: readonly string[];
  /** Whether a person types the workload's name first: what is frozen or killed serves nobody. */
  readonly confirm: boolean;
}

/** A receipt is back within a second, or its node is busy; an order is dead after a minute. */
const waitMs = 15_000;

/** Plans, asks, orders and tells what came back; shared by every verb that stops. @throws CliError */
export async function orderStop(io: Io, wish: StopWish, options: StopOptions): Promise<void> {
  const client = await collectorOf(io, options);
  const plans = await planned(client, wish, options);
  const clear = plans.filter((plan) => plan.text('result') === 'would-order');
  if (options.dryRun === true && options.json === true) io.out(planJson(wish, plans));
  else if (options.json !== true || clear.length < plans.length) {
    const tell = options.dryRun === true ? io.out : io.err;
    for (const line of plans.flatMap((plan) => planLines(plan, wish.action))) tell(line);
  }
  if (clear.length === 0)
    throw new CliError(
      exitCodes.usage,
      'nothing would be ordered',
      'the lines above say why, and what passes it',
    );
  if (options.dryRun === true) return;
  const reason = given(options);
  if (wish.confirm)
    await typedConfirmation(io, {
      word: nameOf(clear),
      yes: options.yes,
      what: `${counted(clear.length, 'copy', 'copies')} of ${nameOf(clear)}: ${wish.action}`,
    });
  // What was shown is what is ordered: an occurrence that came meanwhile is not among it.
  const occurrences = clear.map((plan) => plan.text('incident'));
  const body = { action: wish.action, occurrences, force: options.force ?? [], reason };
  await send(io, client, body, options);
}

/** @throws CliError when there is none */
export async function collectorOf(io: Io, options: WhereOptions): Promise<ApiClient> {
  const client = await connectCollector(io, options);
  if (client !== undefined) return client;
  throw new CliError(
    exitCodes.incomplete,
    'no collector runs here, and only a collector can give orders',
    'name its --data-dir, or whorl login to a collector elsewhere',
  );
}

/** @throws CliError */
export function given({ reason }: { readonly reason?: string }): string {
  if (reason !== undefined && reason.trim() !== '') return reason;
  throw new CliError(exitCodes.usage, 'say why, for the record', 'add --reason "…"');
}

async function planned(client: ApiClient, { action, ids }: StopWish, { force = [] }: StopOptions) {
  const body = { action, incidents: ids, force };
  return new Answer(await client.call({ method: 'POST', path: '/orders/plan', body })).list('plans');
}

function planJson({ action, ids }: StopWish, plans: readonly Answer[]): string {
  return JSON.stringify({ dryRun: true, action, ids, plans: plans.map((plan) => plan.value) });
}

function planLines(plan: Answer, action: string): string[] {
  const id = shortId(plan.text('incident'));
  const copy = plan.at('instance');
  const where =
    copy.text('id') === ''
      ? ''
      : ` ${workloadName(plan)}, copy ${copy.text('id').slice(0, 20)} on ${copy.text('node')}, pid ${plan.at('process').number('pid')}`;
  const isClear = plan.text('result') === 'would-order';
  const head = `${id} ${isClear ? action : 'not ordered'}:${where}${isClear ? '' : `: ${plan.text('sentence')}`}`;
  const passed = isClear ? plan.list('brakes').map((b) => `         past: ${b.text('sentence')}`) : [];
  return [head, ...passed].map((line) => printable(line, 1000));
}

function nameOf(plans: readonly Answer[]): string {
  const [first, ...others] = [...new Set(plans.map((plan) => printable(plan.at('workload').text('owner'))))];
  return others.length === 0 ? (first ?? '') : `${others.length + 1} workloads`;
}

async function send(io: Io, client: ApiClient, body: object, options: StopOptions): Promise<void> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), waitMs);
  try {
    // Before the order: its receipt may be back before the answer is.
    const lines = options.wait === false ? undefined : await client.follow(ending.signal);
    const key = Buffer.from(io.random(16)).toString('hex');
    const headers = { 'idempotency-key': key };
    const answer = await client.call({ method: 'POST', path: '/orders', body, headers });
    const outcomes = new Answer(answer).list('outcomes');
    const orders = outcomes.flatMap((o) => (o.text('order') === '' ? [] : [o.text('order')]));
    const receipts =
      lines === undefined ? [] : await receiptsOf(io, client, lines, new Set(orders), options.json === true);
    if (options.json === true) io.out(JSON.stringify({ dryRun: false, ...Object(answer), receipts }));
    for (const outcome of outcomes.filter((o) => o.text('result') === 'refused'))
      io.err(
        printable(`${shortId(outcome.text('incident'))} not ordered: ${outcome.text('sentence')}`, 1000),
      );
    if (lines === undefined && options.json !== true) io.out(`ordered: ${orders.join(' ')}`);
    const left = lines === undefined ? 0 : orders.length - receipts.length;
    if (left > 0)
      io.err(`${counted(left, 'order')} unanswered so far; whorl incidents shows what comes of it`);
    const done = receipts.filter((receipt) => memberOf(receipt, 'result') === 'done').length;
    if (outcomes.length > orders.length || (lines !== undefined && done < orders.length))
      io.exit(exitCodes.incomplete);
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}

/** @param waiting ids of the orders; ends when each has its receipt, or the time is over */
async function receiptsOf(
  io: Io,
  client: ApiClient,
  lines: AsyncGenerator<unknown>,
  waiting: Set<string>,
  quiet: boolean,
): Promise<readonly unknown[]> {
  const receipts: unknown[] = [];
  if (waiting.size === 0) return receipts;
  for await (const line of lines) {
    if (memberOf(line, 'type') !== 'receipt') continue;
    const receipt = about(client.where, () => parseReceipt(memberOf(line, 'receipt'), 'receipt'));
    if (!waiting.delete(receipt.order)) continue;
    receipts.push(receipt);
    if (!quiet) io.out(`${shortId(receipt.incident)} ${receiptText(receipt)}`);
    if (waiting.size === 0) break;
  }
  return receipts;
}
