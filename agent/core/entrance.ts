import type { EventOf } from '../../fingerprint/event.ts';

/**
 * Whether what entered from outside is a probe or hook that the pod spec or the image names: by its whole argument
 * vector, never by time or starter. A script is started as its interpreter, with the script's path before its arguments.
 */
export function isProbe(
  { args, exe, file, truncated }: EventOf<'exec'>,
  probes: readonly (readonly string[])[] | undefined,
): boolean {
  if (probes === undefined || truncated === true) return false;
  return probes.some((probe) => {
    if (probe.length === 0 || isPrompt(probe)) return false;
    if (isSame(args, probe)) return true;
    // One or two: `#!/bin/sh` or `#!/bin/sh -e` stands before the path.
    const before = args.length - probe.length;
    if (file === undefined || file === exe || before < 1 || before > 2) return false;
    return isCalled(args[before], probe[0]) && isSame(args.slice(before + 1), probe.slice(1));
  });
}

/** A shell that waits for commands checks nothing: an image that names one would have whoever enters taken for its check. */
function isPrompt([name = '', ...options]: readonly string[]): boolean {
  return (
    /^(?:.*\/)?(?:ba|da|a|z|k)?sh$/.test(name) &&
    options.every((option) => /^(?:-[il]+|--login)$/.test(option))
  );
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((arg, i) => arg === b[i]);
}

/** The runtime looks a bare name up and starts what it found. */
function isCalled(path: string | undefined, name: string | undefined): boolean {
  if (path === undefined || name === undefined) return false;
  return path === name || (!name.includes('/') && path.endsWith(`/${name}`));
}
