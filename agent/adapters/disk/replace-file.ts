import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * At once or not at all: written beside and renamed, so that no crash leaves half of it. When it resolves, the file
 * survives a power cut.
 */
export async function replaceFile(
  path: string,
  data: string | Uint8Array,
  beside = `${path}.new`,
): Promise<void> {
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const directory = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
}
