import { type ReceiptResult, stopActions as rungs, type StopAction } from '../../fingerprint/order.ts';

/**
 * What each ceiling permits. Asking the container runtime is the enforcer's own last resort within `kill`. Freezing can be undone and killing cannot, so a freeze never turns into a
 * kill.
 */
const permitted: Readonly<Record<StopAction, readonly StopAction[]>> = {
  hold: ['hold'],
  freeze: ['hold', 'freeze'],
  'kill-subtree': ['hold', 'kill-subtree'],
  kill: rungs,
};

export interface LadderState {
  /** Where to begin: what the order or the local decision names. */
  readonly wanted: StopAction;
  /** The harshest that is allowed: for an order the order itself, for a local decision what was approved. */
  readonly ceiling: StopAction;
  /** The cgroup belongs to this one instance: only then may it be frozen or killed as a whole. */
  readonly exclusive: boolean;
  readonly tried: readonly { readonly action: StopAction; readonly result: ReceiptResult }[];
}

export type LadderStep = { readonly kind: 'act'; readonly action: StopAction } | { readonly kind: 'end' };

/**
 * What to do next. A step that failed is followed by the next harsher one that is allowed; when none is left, by the
 * harshest of the milder ones, because a subtree that could not be killed is better held than running. Never harsher
 * than `ceiling`; never another way around a refusal, which protects somebody.
 */
export function nextStep(state: LadderState): LadderStep {
  if (state.tried.some(({ result }) => result !== 'failed')) return { kind: 'end' };
  const action = inOrder(state).find((rung) => !state.tried.some((t) => t.action === rung));
  return action === undefined ? { kind: 'end' } : { kind: 'act', action };
}

function inOrder({ wanted, ceiling, exclusive }: LadderState): StopAction[] {
  const from = rungs.indexOf(wanted);
  const possible = (rung: StopAction): boolean =>
    permitted[ceiling].includes(rung) && (exclusive || rung === 'hold' || rung === 'kill-subtree');
  return [...rungs.slice(from), ...rungs.slice(0, from).reverse()].filter(possible);
}
