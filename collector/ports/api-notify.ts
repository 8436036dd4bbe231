import type { DeadRow, NotifyStatus } from './outbox.ts';

export type { DeadRow, NotifyStatus } from './outbox.ts';

/** Who is told, and how that goes, as the API serves it. Undefined and false: no sink has this name. */
export interface NotifyService {
  status(): Promise<NotifyStatus>;
  /** @returns the id of the notice */
  test(sink: string, author: string): Promise<string | undefined>;
  pause(sink: string, author: string, reason: string): Promise<boolean>;
  resume(sink: string, author: string, reason: string): Promise<boolean>;
  /** Given up notices, newest first. */
  dead(sink: string): Promise<readonly DeadRow[] | undefined>;
  /** @returns how many are sent again */
  retryDead(sink: string, author: string): Promise<number | undefined>;
}
