/** Where checkpoints go, as the configuration says it. */
export type SinkSetting =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/**
 * `file:/path`, or `command:/path arg …`: cut at spaces, with no quoting and no shell, so that what runs is what stands
 * there. @returns undefined for anything else
 */
export function parseSink(text: string): SinkSetting | undefined {
  const match = /^(file|command):(\/[^\p{Cc}]{1,4000})$/u.exec(text);
  const [kind, rest] = [match?.[1], match?.[2]];
  if (kind === undefined || rest === undefined) return undefined;
  if (kind === 'file') return { kind, path: rest };
  const argv = rest.split(' ').filter((part) => part !== '');
  return argv[0] === '/' ? undefined : { kind: 'command', argv };
}
