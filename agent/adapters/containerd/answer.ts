import { ContainerdError } from './containerd-error.ts';

/** The decoder fills in defaults, so a missing member can only be a defect of the .proto above. */
function member(value: object, name: string): unknown {
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

export function record(value: object, name: string): object {
  const found = member(value, name);
  if (typeof found === 'object' && found !== null) return found;
  throw new ContainerdError('unexpected', `containerd's answer has no ${name}`);
}

/** A message that may be left out. */
export function optional(value: object, name: string): object | undefined {
  const found = member(value, name);
  return typeof found === 'object' && found !== null ? found : undefined;
}

export function records(value: object, name: string): object[] {
  const found = member(value, name);
  return Array.isArray(found) ? found.filter((one) => typeof one === 'object' && one !== null) : [];
}

export function text(value: object, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
}

export function list(value: object, name: string): string[] {
  const found = member(value, name);
  return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : [];
}

export function texts(value: object, name: string): Record<string, string> {
  const found = member(value, name);
  const entries = typeof found === 'object' && found !== null ? Object.entries(found) : [];
  return Object.fromEntries(entries.filter((e): e is [string, string] => typeof e[1] === 'string'));
}

export function bytes(value: object, name: string): Buffer {
  const found = member(value, name);
  return found instanceof Uint8Array ? Buffer.from(found) : Buffer.alloc(0);
}
