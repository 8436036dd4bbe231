import { CliError } from './exit.ts';
import type { Io } from './io.ts';

/**
 * A file; or, where there is none of that name and it reads like an image in a registry (`registry.example/shop/cart:1.4`,
 * `…@sha256:HEX`), the newest fingerprint published beside that image, by its own word.
 */
export async function readFileOrAttached(io: Io, path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await io.readFile(path, { maxBytes });
  } catch (error) {
    if (!(error instanceof CliError) || !looksLikeImage(path)) throw error;
  }
  // What speaks to registries is loaded only when one is asked.
  const { fetchNewest } = await import('./fetch-newest.ts');
  return fetchNewest(io, path);
}

/** Names a registry, and a tag or digest: no mistyped file name is ever sent to a registry somebody else runs. */
function looksLikeImage(path: string): boolean {
  if (/^[./~-]|\.(json|jsonl|gz|yaml|tar)$/.test(path)) return false;
  return /^(?:localhost|[^/@]*[.:][^/@]*)\/[^@]+(?:@sha256:[0-9a-f]{64}|:[\w][\w.-]{0,127})$/.test(path);
}
