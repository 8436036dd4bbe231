import type { Severity } from '../../fingerprint/incident.ts';
import {
  type JsonObject,
  maxNoticeBytes,
  type Notice,
  type NoticeType,
  type NoticeWorkload,
  noticeId,
  noticeTitle,
} from './notice.ts';
import { noticeText } from './notice-json.ts';

/** What is told, before it has an id. */
export interface News {
  readonly type: NoticeType;
  readonly severity: Severity;
  readonly title: string;
  readonly link: string;
  readonly data: JsonObject;
  readonly workload?: NoticeWorkload;
}

/**
 * @param key what it is about
 * @param at ms since the Unix epoch
 * @param count notices about it before
 */
export function makeNotice(news: News, key: string, at: number, count: number): Notice {
  const { type, title } = news;
  const notice = { ...news, id: noticeId(key, type, at, count), time: at, key, title: noticeTitle(title) };
  const bytes = Buffer.byteLength(noticeText(notice));
  // Whoever made the data kept it small; names of four-byte characters can still be more than a receiver takes.
  return bytes <= maxNoticeBytes ? notice : { ...notice, data: { cutBytes: bytes } };
}
