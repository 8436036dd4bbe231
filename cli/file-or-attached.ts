import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/**
 * A file; or, where there is none of that name and it reads like an image in a registry (`registry.example/shop/cart:1.4`,
 * `…@sha256:HEX`), the newest fingerprint published beside that image, by its own word.
 */
export async function readFileOrAttached(io: Io, path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await io.readFile(path, { maxBytes });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (looksLikeShortName(path)) throw withoutRegistry(path, error);
    if (!looksLikeImage(path)) throw error;
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

/** `shop:1.4`, `shop/cart@sha256:HEX`: an image perhaps, and nobody says where. */
function looksLikeShortName(path: string): boolean {
  return /^[a-z0-9][a-z0-9_-]*(?:\/[a-z0-9][a-z0-9._-]*)*(?:@sha256:[0-9a-f]{64}|:\w[\w.-]{0,127})$/.test(
    path,
  );
}

function withoutRegistry(path: string, cause: CliError): CliError {
  return new CliError(
    exitCodes.usage,
    `there is no file ${fileName(path)}`,
    'an image reference begins with its registry: registry.example/shop/cart:1.4',
    { cause },
  );
}
