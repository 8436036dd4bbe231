import type { Privilege } from './event.ts';

/** How the detail of a `module-load` begins that the kernel asked for by itself. */
const requested = 'requested ';

/** The detail of a `module-load` that no program asked for, but the kernel for it, by the name that it looked for. */
export function requestedModule(name: string): string {
  return `${requested}${name}`;
}

/** The detail of a `module-load` by a program: the module's file or name, which its author may have chosen to pose as a request. */
export function loadedModule(name: string): string {
  return name.startsWith(requested) ? `module ${name}` : name;
}

export function isModuleRequest(privilege: Privilege, detail: string | undefined): boolean {
  return privilege === 'module-load' && detail?.startsWith(requested) === true;
}
