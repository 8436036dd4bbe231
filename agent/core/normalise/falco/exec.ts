import type { Origin } from '../../../../fingerprint/event.ts';
import { baseName } from '../../../../fingerprint/program.ts';
import { envHooks } from '../sensor-event.ts';
import type { Facts } from './facts.ts';
import { type FalcoRecord, flagOf, textOf, wordOf } from './record.ts';

/** Program of a process as an alert tells it: the execution itself, or what runs when it does something else. */
export function execFacts(record: FalcoRecord): Extract<Facts, { kind: 'exec' }> | undefined {
  const told = textOf(record, 'exe');
  if (told === undefined) return undefined;
  const inMemory = flagOf(record, 'fromMemory');
  const exe = inMemory && !told.startsWith('/') ? `/${told}` : told;
  if (!exe.startsWith('/')) return undefined;
  const { args, cut } = argumentsOf(record, exe);
  const cwd = textOf(record, 'cwd');
  const origin = originOfExe(record, exe, inMemory);
  const env = hooksOf(record);
  return {
    kind: 'exec',
    exe,
    args,
    ...(cwd?.startsWith('/') === true ? { cwd: cwd.replace(/(?<=.)\/+$/, '') } : {}),
    ...(origin === undefined ? {} : { origin }),
    ...(env.length === 0 ? {} : { env }),
    ...(cut ? { truncated: true } : {}),
  };
}

/** Host's runtimes and what they leave beside a container; inside one, such a name only makes its children intruders. */
const runtimes = /(?:^|\/)(?:runc|crun|youki|conmon|containerd-shim[^/]*|containerd|dockerd|crio|nsenter)$/;

export function isRuntimeExe(exe: string | undefined): boolean {
  return exe === undefined || runtimes.test(exe);
}

/** The runtime's own program, from its file or from a copy in memory (runc against CVE-2019-5736). */
export function isRuntimeProgram(exe: string | undefined): boolean {
  return isRuntimeExe(exe) || copiedRuntime.test(exe ?? '');
}

const copiedRuntime = /^\/?(?:dev\/shm\/)?memfd:runc_cloned:/;

/** The runtime executing itself once more on its way into the container (runc against CVE-2019-5736). */
export function isRuntimeAgain(facts: Extract<Facts, { kind: 'exec' }>): boolean {
  const [first, second] = facts.args;
  if (copiedRuntime.test(facts.exe)) return true;
  return (runtimes.test(first ?? '') || /^runc:\[/.test(first ?? '')) && second === 'init';
}

/** The kernel part of Falco copies this many bytes of arguments and as many of the environment. */
const copied = 4096;
const maxArguments = 2048;

/**
 * The argument vector. Newer versions number the arguments; older ones join them by spaces, and where one ended and the
 * next began is lost: split at each space, but what stands behind `sh -c` and its like is one program text.
 */
function argumentsOf(
  record: FalcoRecord,
  exe: string,
): { readonly args: readonly string[]; readonly cut: boolean } {
  const first = wordOf(record, 'proc.exe') ?? baseName(exe);
  const numbered: string[] = [];
  for (let i = 0; i < maxArguments; i++) {
    const arg = wordOf(record, `proc.args[${i}]`);
    if (arg === undefined) break;
    numbered.push(arg);
  }
  const comm = wordOf(record, 'proc.name') ?? '';
  const line = wordOf(record, 'proc.cmdline') ?? '';
  const rest = line.startsWith(`${comm} `) ? line.slice(comm.length + 1) : line.slice(line.indexOf(' ') + 1);
  const cut = Buffer.byteLength(rest) >= copied - 1;
  if (numbered.length > 0) return { args: [first, ...numbered, ...beyond(numbered, rest)], cut };
  const words = line.includes(' ') ? rest.trimEnd().split(' ') : [];
  return { args: [first, ...rejoined(first, words)].slice(0, maxArguments), cut };
}

/** Rules print so many arguments one by one; what stands behind the last of them is in the line alone. */
function beyond(numbered: readonly string[], rest: string): readonly string[] {
  const told = `${numbered.join(' ')} `;
  return rest.startsWith(told) ? rest.slice(told.length).trimEnd().split(' ') : [];
}

const takesText = /^(?:(?:ba|da|a|z|k)?sh|python[\d.]*|perl|node|nodejs|ruby|php)$/;

function rejoined(first: string, words: readonly string[]): readonly string[] {
  if (!takesText.test(baseName(first))) return words;
  const at = words.findIndex((word) => !word.startsWith('-') || /^-[a-z]*[ce]$/.test(word));
  const option = words[at];
  if (option?.startsWith('-') !== true || at + 1 >= words.length) return words;
  return [...words.slice(0, at + 1), words.slice(at + 1).join(' ')];
}

const scratch = /^\/(?:tmp|var\/tmp|dev\/shm|run)\//;

/**
 * Falco tells the layers of an overlay. A file on neither layer lies on a mount of its own, or on a storage driver
 * without layers: nothing is known but that /tmp and its like hold what somebody put there.
 */
function originOfExe(record: FalcoRecord, exe: string, inMemory: boolean): Origin | undefined {
  if (inMemory) return 'memory';
  if (flagOf(record, 'fromUpper')) return 'upper';
  if (scratch.test(exe) && textOf(record, 'flags')?.includes('EXE_LOWER_LAYER') !== true) return 'scratch';
  return textOf(record, 'flags')?.includes('EXE_LOWER_LAYER') === true ? 'image' : undefined;
}

/** Names of loader and interpreter hooks in the environment; the values go no further than here. */
function hooksOf(record: FalcoRecord): readonly string[] {
  // 0.40 writes the environment under no name at all when a rule's own text asks for it.
  const text = wordOf(record, 'proc.env') ?? wordOf(record, '') ?? '';
  const names = new Set([...` ${text}`.matchAll(/ ([A-Z][A-Z0-9_]*)=/g)].map(([, name]) => name));
  const env: string[] = envHooks.filter((hook) => names.has(hook));
  return Buffer.byteLength(text) >= copied - 1 ? [...env, '…'] : env;
}
