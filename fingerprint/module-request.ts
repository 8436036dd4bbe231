import type { Privilege } from './event.ts';

/** How the detail of a `module-load` begins that the kernel asked for by itself: no other detail begins so. */
const requested = 'requested ';

/** The detail of a `module-load` that no program asked for, but the kernel for it, by the name that it looked for. */
export function requestedModule(name: string): string {
  return `${requested}${name}`;
}

export function isModuleRequest(privilege: Privilege, detail: string | undefined): boolean {
  return privilege === 'module-load' && detail?.startsWith(requested) === true;
}
