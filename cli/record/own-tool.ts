import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Event, ProcessRef } from '../../fingerprint/event.ts';

/** The launcher, still a shell, and the helpers it starts; or the program itself, whose children are anybody's. */
type Part = 'launcher' | 'program';

/** What the launcher runs on its way (bin/whorl). */
const helpers = /^\/(?:usr\/)?bin\/(?:dirname|readlink)$/;
/** As many as a test script names steps, several times over; each is forgotten when it ends. */
const maxKnown = 4096;

/**
 * Leaves out `whorl step` where the test script itself is recorded: naming a step is not what the software does, and the
 * socket it is told through is another one each time. Only our very files count, without loader or interpreter hooks, and
 * of what they start only what they are known to start: whoever calls himself so is seen all the same.
 */
export class OwnTool {
  readonly #parts = new Map<string, Part>();
  readonly #launcher =
    realFile(new URL('../../bin/whorl', import.meta.url)) ??
    realFile(new URL('../../../bin/whorl', import.meta.url));
  readonly #program = realFile(
    new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url),
  );
  readonly #node = realPath(process.execPath);

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
    const file = script.startsWith('/') ? realPath(script) : undefined;
    if (file === undefined) return undefined;
    if (file === this.#program && event.exe === this.#node) return 'program';
    return file === this.#launcher && /^\/(?:usr\/)?bin\/\w*sh$/.test(event.exe) ? 'launcher' : undefined;
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

function realFile(url: URL): string | undefined {
  return realPath(fileURLToPath(url));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Not there: nobody runs it.
    return undefined;
  }
}
