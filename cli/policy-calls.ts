/** One call of the collector's API: the client adds address, credentials and time limits, and turns refusals into errors. */
export type PolicyFetcher = (call: {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly body?: unknown;
  /** The version that a change was made of. */
  readonly ifMatch?: number;
}) => Promise<unknown>;

/** What can be asked of a collector about its response policy. Answers are as `collector/response-policies.ts` gives them. */
export function policyCalls(fetch: PolicyFetcher) {
  return {
    show: () => fetch({ method: 'GET', path: '/response-policy' }),
    set: (policy: unknown, reason: string, ifMatch: number) =>
      fetch({ method: 'PUT', path: '/response-policy', body: { policy, reason }, ifMatch }),
    /** An earlier version once more. */
    setAgain: (version: number, reason: string, ifMatch: number) =>
      fetch({ method: 'POST', path: '/response-policy/again', body: { version, reason }, ifMatch }),
    history: (before?: number) =>
      fetch({
        method: 'GET',
        path: `/response-policy/history${before === undefined ? '' : `?before=${before}`}`,
      }),
    /** @param since ms since the Unix epoch */
    check: (policy: unknown, since: number) =>
      fetch({ method: 'POST', path: '/response-policy/check', body: { policy, since } }),
  };
}
