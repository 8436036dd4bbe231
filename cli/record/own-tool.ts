import { lstatSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Event, ProcessRef } from '../../fingerprint/event.ts';

/** The launcher, still a shell, and the helpers it starts; or the program itself, whose children are anybody's. */
type Part = 'launcher' | 'program';

/** What the launcher runs on its way (bin/whorl). */
const helpers = /^\/(?:usr\/)?bin\/(?:dirname|readlink)$/;
/** As many as a test script names steps, several times over; each is forgotten when it ends. */
const maxKnown = 4096;

/** What stood under a name when the recording began. */
interface OwnFile {
  readonly part: Part;
  readonly identity: string | undefined;
}

/**
 * Leaves out `whorl step` where the test script itself is recorded: naming a step is not what the software does, and the
 * socket it is told through is another one each time. Only our very files count, by the names under which they stood when
 * the recording began and as long as nobody has touched those: where a link leads is asked long after the start, and
 * whoever started something else by it has turned it to us by then. Neither with loader or interpreter hooks, and of what
 * they start only what they are known to start: whoever calls himself so is seen all the same.
 */
export class OwnTool {
  readonly #parts = new Map<string, Part>();
  readonly #files: ReadonlyMap<string, OwnFile>;
  readonly #node = realPath(process.execPath);

  /** @param searchPath PATH of the test script */
  constructor(searchPath = '') {
    this.#files = ownFiles(searchPath);
  }

  without(events: readonly Event[]): readonly Event[] {
    return events.some((event) => this.#concerns(event))
      ? events.filter((event) => !this.#isOwn(event))
      : events;
  }

  #concerns(event: Event): boolean {
    return event.kind === 'exec' || this.#parts.has(keyOf(event.process));
  }

  #isOwn(event: Event): boolean {
    const key = keyOf(event.process);
    const part = this.#parts.get(key);
    switch (event.kind) {
      case 'exec':
        return this.#executes(event, key, part);
      case 'fork':
        if (part === 'launcher') this.#note(keyOf(event.child), part);
        return false;
      case 'exit':
        this.#parts.delete(key);
        return false;
      case 'attach':
      case 'cgroup':
      case 'gap':
        return false;
      default:
        return part !== undefined;
    }
  }

  #executes(event: Extract<Event, { kind: 'exec' }>, key: string, part: Part | undefined): boolean {
    const now = this.#partOf(event);
    if (now !== undefined) this.#note(key, now);
    else if (part === 'launcher' && helpers.test(event.exe) && !isHooked(event)) return true;
    else this.#parts.delete(key);
    return now !== undefined;
  }

  #partOf(event: Extract<Event, { kind: 'exec' }>): Part | undefined {
    const [, script, verb] = event.args;
    if (verb !== 'step' || script === undefined || event.error !== undefined || isHooked(event))
      return undefined;
    const file = this.#files.get(script);
    if (file?.identity === undefined || file.identity !== identityOf(script)) return undefined;
    switch (file.part) {
      case 'program':
        return event.exe === this.#node ? file.part : undefined;
      case 'launcher':
        return /^\/(?:usr\/)?bin\/\w*sh$/.test(event.exe) ? file.part : undefined;
    }
  }

  #note(key: string, part: Part): void {
    if (this.#parts.size < maxKnown) this.#parts.set(key, part);
  }
}

function isHooked({ env }: Extract<Event, { kind: 'exec' }>): boolean {
  return env !== undefined && env.length > 0;
}

function keyOf({ pid, start }: ProcessRef): string {
  return `${pid}@${start}`;
}

function ownFiles(searchPath: string): ReadonlyMap<string, OwnFile> {
  const program = realFile('../main.ts', '../main.js');
  const launcher = realFile('../../bin/whorl', '../../../bin/whorl');
  const names: [string, Part][] = program === undefined ? [] : [[program, 'program']];
  if (launcher !== undefined) {
    const links = searchPath.split(delimiter).filter(isAbsolute);
    const named = links.map((directory) => `${directory}/whorl`);
    for (const name of [launcher, ...named]) if (realPath(name) === launcher) names.push([name, 'launcher']);
    // As the launcher spells it; written together by hand, because `join` would take `bin/..` out.
    const home = dirname(dirname(launcher));
    if (program !== undefined) names.push([`${home}/bin/../${relative(home, program)}`, 'program']);
  }
  return new Map(names.map(([name, part]) => [name, { part, identity: identityOf(name) }]));
}

/** Changes with whatever is done to the file or link itself: what is put back under its name is another one. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, ctimeNs } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}:${ctimeNs}`;
  } catch {
    // Not there: nobody runs it.
    return undefined;
  }
}

/** The first of these that is there, seen from this file: as it is written, or as it is built. */
function realFile(...names: readonly string[]): string | undefined {
  return names
    .map((name) => realPath(fileURLToPath(new URL(name, import.meta.url))))
    .find((path) => path !== undefined);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Not there: nobody runs it.
    return undefined;
  }
}
