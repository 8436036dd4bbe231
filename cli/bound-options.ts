import { isAddress } from '../fingerprint/address.ts';
import type { Bindings, BoundPeer } from '../fingerprint/bindings.ts';
import { directoryProblem, directoryRefusal, peerSpelling } from '../fingerprint/bound-value.ts';
import type { SiteParameter } from '../fingerprint/fingerprint.ts';
import { printable } from '../fingerprint/printable.ts';
import { CliError, exitCodes } from './exit.ts';

/** What `--site NAME=PEER[:PORT]` and `--volume NAME=/DIR` say, checked against what the fingerprint leaves open. */
export function bindingsFrom(
  given: { readonly site: readonly string[]; readonly volume: readonly string[] },
  parameters: readonly SiteParameter[],
): Bindings {
  const sites = new Map<string, BoundPeer[]>();
  const volumes = new Map<string, string[]>();
  for (const text of given.site) {
    const [name, value] = split('--site', text, 'database=db.example:5432');
    sites.set(name, [...(sites.get(name) ?? []), peerOf(name, value)]);
  }
  for (const text of given.volume) {
    const [name, value] = split('--volume', text, 'data=/srv/data');
    volumes.set(name, [...(volumes.get(name) ?? []), directoryOf(name, value)]);
  }
  for (const name of sites.keys()) assertDeclared('site', name, parameters);
  for (const name of volumes.keys()) assertDeclared('volume', name, parameters);
  return { sites, volumes };
}

function split(option: string, text: string, example: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new CliError(
    exitCodes.usage,
    `${option} ${printable(text, 80)} names no value`,
    `write ${option} ${example}`,
  );
}

/** `db.example:5432`, `10.0.0.9`, `[fd00::9]:5432`, `fd00::9`, `workload:shop/db:5432`. */
function peerOf(name: string, value: string): BoundPeer {
  const [host = value, port] = isAddress(value)
    ? [value]
    : (/^\[([^\]]*)\](?::(\d+))?$|^(.+?)(?::(\d+))?$/
        .exec(value)
        ?.slice(1)
        .filter((part) => part !== undefined) ?? []);
  const peer = peerSpelling(host);
  if (peer === undefined) {
    throw new CliError(
      exitCodes.usage,
      `--site ${printable(name, 40)}: ${printable(host, 80)} is no host name, address or workload:NAMESPACE/OWNER`,
      'name one peer; wildcards are not bound',
    );
  }
  if (port === undefined) return { peer };
  const number = Number(port);
  if (number >= 1 && number <= 65_535) return { peer, port: number };
  throw new CliError(exitCodes.usage, `--site ${printable(name, 40)}: ${printable(port, 12)} is no port`);
}

function directoryOf(name: string, value: string): string {
  const directory = value.length > 1 ? value.replace(/\/+$/, '') || '/' : value;
  const problem = directoryProblem(directory);
  const refusal = problem === undefined ? directoryRefusal(directory) : undefined;
  if (problem === undefined && refusal === undefined) return directory;
  const what = problem ?? `${refusal}; nothing may be bound to it`;
  throw new CliError(
    exitCodes.usage,
    `--volume ${printable(name, 40)}: ${printable(directory, 200)} ${what}`,
    'name the directory where the volume is mounted in the container',
  );
}

function assertDeclared(
  kind: SiteParameter['kind'],
  name: string,
  parameters: readonly SiteParameter[],
): void {
  if (parameters.some((p) => p.kind === kind && p.name === name)) return;
  const open = parameters.map((p) => `--${p.kind} ${p.name}`).join(', ');
  throw new CliError(
    exitCodes.usage,
    `the fingerprint leaves no ${kind} ${printable(name, 40)} open`,
    open === '' ? 'it leaves nothing open; there is nothing to bind' : `it leaves open: ${open}`,
  );
}
