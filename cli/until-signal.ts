/**
 * Aborts when somebody wants this process to end: Ctrl-C, a service manager, a closed terminal. The second signal is
 * left to the kernel's default, so that what hangs can still be ended.
 */
export function untilSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
