/** What `doctor` found of one thing. `missing` is what nothing live can be seen without; `poor` costs something. */
export interface Finding {
  readonly id: string;
  readonly state: 'ok' | 'poor' | 'missing';
  readonly what: string;
  /** How to mend it, when it is not ok. */
  readonly mend?: string;
}

export function ok(id: string, what: string): Finding {
  return { id, state: 'ok', what };
}

export function poor(id: string, what: string, mend: string): Finding {
  return { id, state: 'poor', what, mend };
}

export function missing(id: string, what: string, mend: string): Finding {
  return { id, state: 'missing', what, mend };
}
