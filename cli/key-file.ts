import { statSync } from 'node:fs';
import {
  needsPassphrase,
  openPrivateKey,
  type PrivateKey,
  type PublicKey,
  parsePublicPem,
} from '../fingerprint/keys.ts';
import { about, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { existingPassphrase, type PassphraseOptions } from './passphrase.ts';
import { fileName } from './read-file.ts';

/** Far above any key file; what is larger was named by mistake. */
const maxBytes = 16 * 1024;

export async function readPublicKey(io: Io, path: string): Promise<PublicKey> {
  const text = await readKeyText(io, path);
  return about(fileName(path), () => parsePublicPem(text), exitCodes.trust);
}

/** Asks for the passphrase only when the key has one. */
export async function readPrivateKey(io: Io, path: string, options: PassphraseOptions): Promise<PrivateKey> {
  const name = fileName(path);
  const text = await readKeyText(io, path);
  if (!about(name, () => needsPassphrase(text), exitCodes.trust)) {
    const key = about(name, () => openPrivateKey(text), exitCodes.trust);
    if (isReadableByOthers(path))
      io.err(`${name} is not encrypted and others can read it: run chmod 600 on it`);
    return key;
  }
  const passphrase = await existingPassphrase(io, options, name);
  return about(name, () => openPrivateKey(text, passphrase), exitCodes.trust);
}

/** Said and not refused: CI systems and clusters mount secrets so that the group can read them. */
function isReadableByOthers(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o077) !== 0;
}

/** Not decoded strictly: what is no text is no PEM either, and is told so. */
async function readKeyText(io: Io, path: string): Promise<string> {
  return new TextDecoder().decode(await io.readFile(path, { maxBytes }));
}
