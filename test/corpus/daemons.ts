import type { Daemon } from './daemon.ts';
import { nginx } from './daemons/nginx.ts';

/** The software of the corpus. */
export const daemons: readonly Daemon[] = [nginx];
