/** How `whorl step` and `whorl record` speak: one JSON line each way, then one more pair when the step's command ends. */

/** Path of the recording's socket, in the environment of what it runs. */
export const recordEnv = 'WHORL_RECORD';
/** Id of the step whose command this is, for steps named from within. */
export const withinEnv = 'WHORL_STEP';
/** A name of 200 characters, escaped, and what stands around it. */
export const maxLineBytes = 4096;

export interface StepRequest {
  readonly step: string;
  readonly span: boolean;
  readonly within?: string;
}

export type StepAnswer = { readonly id: string } | { readonly error: string };

export function readStepRequest(line: string): StepRequest | undefined {
  const value = object(line);
  if (value === undefined || typeof value.step !== 'string' || typeof value.span !== 'boolean')
    return undefined;
  const { step, span, within } = value;
  return { step, span, ...(typeof within === 'string' ? { within } : {}) };
}

export function readStepAnswer(line: string): StepAnswer | undefined {
  const value = object(line);
  if (typeof value?.id === 'string') return { id: value.id };
  return typeof value?.error === 'string' ? { error: value.error } : undefined;
}

function object(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
