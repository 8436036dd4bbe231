import type { Notice } from '../core/notice.ts';
import type { SinkKind } from '../core/notify-sinks.ts';

export type { Notice } from '../core/notice.ts';
export { noticeText } from '../core/notice-json.ts';
export type { SinkSettings } from '../core/sink-settings.ts';

/** What became of one attempt. Reasons are for people, printable, and hold no secret: no URL, no answer of the receiver. */
export type Delivery =
  | { readonly result: 'delivered' }
  /** It may go through later. `afterMs`: what the receiver asked for. */
  | { readonly result: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** The receiver will not take this one, whenever it comes. */
  | { readonly result: 'refused'; readonly reason: string }
  /** The receiver wants nothing any more: a person has to look. */
  | { readonly result: 'gone'; readonly reason: string };

/** A way to tell people. One attempt at a time; when to try again, and for how long, is not its business. */
export interface Notifier {
  /** Ends, as `retry`, when the signal aborts or it took too long. A notice may come twice, with the same id. */
  deliver(notice: Notice, signal: AbortSignal): Promise<Delivery>;
}

/** What a new notifier is: its settings and how it is made of them. One file, and one line in main.ts. */
export type NotifierKind = SinkKind<Notifier>;
