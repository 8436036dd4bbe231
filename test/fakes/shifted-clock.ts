import { readFileSync } from 'node:fs';

/**
 * The machine's clock as seen by this thread, off by as many ms as the file says: what an administrator or NTP does to it.
 * What must not jump (`performance.now`) does not.
 */
export function shiftedBy(file: string): void {
  const real = Date.now;
  const now = (): number => real() + Number(readFileSync(file, 'utf8'));
  Date.now = now;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [now()] : args, as),
  });
}
