import type { Daemon } from './daemon.ts';
import { cron } from './daemons/cron.ts';
import { java } from './daemons/java.ts';
import { nginx } from './daemons/nginx.ts';
import { node } from './daemons/node.ts';
import { postgres } from './daemons/postgres.ts';
import { python } from './daemons/python.ts';
import { redis } from './daemons/redis.ts';

/** The software of the corpus. */
export const daemons: readonly Daemon[] = [nginx, redis, postgres, node, python, java, cron];
