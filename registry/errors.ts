/** What can go wrong between here and a registry; callers branch on the code, a person reads the sentence. */
export const registryCodes = [
  'REGISTRY_REFERENCE',
  'REGISTRY_UNREACHABLE',
  'REGISTRY_TLS',
  'REGISTRY_TIMEOUT',
  'REGISTRY_AUTH',
  'REGISTRY_CREDENTIALS',
  'REGISTRY_NOT_FOUND',
  'REGISTRY_BUSY',
  'REGISTRY_ANSWER',
  'REGISTRY_TOO_LARGE',
  'REGISTRY_DIGEST',
  'REGISTRY_REDIRECT',
  'REGISTRY_NOT_LISTED',
  'NOTHING_ATTACHED',
  'LAYOUT_SYNTAX',
  'LAYOUT_UNSAFE',
  'LAYOUT_TOO_LARGE',
  'LAYOUT_DIGEST',
] as const;
export type RegistryCode = (typeof registryCodes)[number];

/** Messages name hosts, repositories and digests; never a header, a query or a body, where secrets travel. */
export class RegistryError extends Error {
  readonly code: RegistryCode;
  /** What a person can do about it. */
  readonly hint: string | undefined;

  constructor(code: RegistryCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RegistryError';
    this.code = code;
    this.hint = options.hint;
  }
}
