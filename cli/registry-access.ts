import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { RegistryError } from '../registry/errors.ts';
import { type ImageReference, nameOf, parseReference } from '../registry/reference.ts';
import type { Registries } from '../registry/registries.ts';
import type { Mirror, RegistrySettings } from '../registry/settings.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';

/** What every verb that talks to a registry can be told of the way there. */
export interface RegistryOptions {
  readonly caFile?: string;
  readonly plainHttp?: boolean;
  readonly mirror?: readonly string[];
}

/** A few thousand certificates: the whole list of a distribution. */
const maxCaBytes = 4 << 20;

export function registryOptions(command: Command): Command {
  return command
    .option(
      '--mirror <name=mirror>',
      'read what is below NAME from MIRROR first; may be repeated',
      collect,
      [],
    )
    .option('--ca-file <ca.pem>', 'trust these certificates, too (also SSL_CERT_FILE)')
    .option('--plain-http', 'without TLS; without it only registries on this machine are reached so');
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

/** Runs `act` with connections to registries, and closes them. @throws CliError for whatever a registry answers */
export async function withRegistries<T>(
  io: Io,
  options: RegistryOptions,
  act: (registries: Registries) => Promise<T>,
): Promise<T> {
  return explained(async () => {
    const settings = await settingsOf(io, options);
    // With the HTTP library behind it: loaded only when a registry is asked, so that help stays quick.
    const registries = new (await import('../registry/registries.ts')).Registries(settings);
    try {
      return await act(registries);
    } finally {
      await registries.close();
    }
  });
}

/** For what reads or writes a layout and talks to nobody. @param file that it is about, as people know it */
export async function explained<T>(act: () => Promise<T>, file?: string): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof RegistryError) throw fromRegistryError(error, file);
    throw error;
  }
}

function fromRegistryError(error: RegistryError, file: string | undefined): CliError {
  const { code, message, hint } = error;
  const isInput = code === 'REGISTRY_REFERENCE' || code.startsWith('LAYOUT_');
  const exit = isInput ? exitCodes.usage : exitCodes.network;
  const about = file === undefined ? '' : `${file}: `;
  return new CliError(exit, `${about}${printable(message, 600)} (${code})`, hint, { cause: error });
}

async function settingsOf(
  io: Io,
  { caFile, plainHttp, mirror = [] }: RegistryOptions,
): Promise<RegistrySettings> {
  const ca = caFile === undefined ? undefined : await io.readFile(caFile, { maxBytes: maxCaBytes });
  const fromEnv = (io.env.WHORL_MIRRORS ?? '').split(/[\s,]+/).filter((text) => text !== '');
  return {
    env: io.env,
    mirrors: [...mirror, ...fromEnv].map(mirrorOf),
    say: (text) => io.err(printable(text, 600)),
    wait: (ms) => sleep(ms),
    random: Math.random,
    now: () => performance.now(),
    ...(plainHttp === true ? { plainHttp } : {}),
    ...(ca === undefined ? {} : { ca: new TextDecoder().decode(ca) }),
  };
}

/** `registry.example=mirror.internal/hub`; both sides are a registry, with a path or without. */
function mirrorOf(text: string): Mirror {
  const [from = '', to = '', ...more] = text.split('=');
  const isPlace = (place: string): boolean => {
    const { registry, hasRegistry } = parseReference(place.includes('/') ? place : `${place}/x`);
    return hasRegistry && registry !== '';
  };
  if (more.length === 0 && from !== '' && to !== '' && isPlace(from) && isPlace(to)) return { from, to };
  throw new CliError(
    exitCodes.usage,
    `--mirror ${JSON.stringify(printable(text, 80))} is not NAME=MIRROR`,
    'write it like registry.example=mirror.internal/hub',
  );
}

/** An image by digest, as it is told to people. */
export function imageText(reference: ImageReference, digest: string): string {
  return `${nameOf(reference)}@${digest}`;
}

/** For `--platform`. @throws CliError */
export function platformOption(text: string): { os: string; architecture: string } {
  const match = /^([a-z0-9._-]{1,40})\/([a-z0-9._-]{1,40})$/.exec(text);
  const [, os, architecture] = match ?? [];
  if (os !== undefined && architecture !== undefined) return { os, architecture };
  throw new CliError(exitCodes.usage, '--platform must be os/architecture', 'write it like linux/amd64');
}
