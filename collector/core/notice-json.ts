import { severities } from '../../fingerprint/incident.ts';
import { ObjectReader, refuse } from '../../fingerprint/object-reader.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { formatTime, parseTime } from '../../fingerprint/time.ts';
import {
  type Json,
  type JsonObject,
  maxNoticeBytes,
  type Notice,
  type NoticeWorkload,
  noticeTypes,
} from './notice.ts';

/** One line of JSON, with the members always in the same order: what is sent again is the same text. */
export function noticeText(notice: Notice): string {
  const { id, type, time, severity, key, title, workload, link, data } = notice;
  const about = workload === undefined ? {} : { workload };
  return JSON.stringify({
    id,
    type,
    time: formatTime(time * 1000),
    severity,
    key,
    title,
    ...about,
    link,
    data,
  });
}

/** What `noticeText` wrote. @throws FingerprintError with the field */
export function parseNotice(text: string): Notice {
  const r = new ObjectReader(parseJson(Buffer.from(text), { bytes: 4 * maxNoticeBytes }), '');
  return r.end({
    id: r.text('id', 64),
    type: r.word('type', noticeTypes),
    time: r.value('time', readTime),
    severity: r.word('severity', severities),
    key: r.text('key', 512),
    title: r.text('title', 1024),
    ...r.optional('workload', () => r.value('workload', readNoticeWorkload)),
    link: r.text('link', 4096),
    data: r.value('data', readJsonObject),
  });
}

export function readNoticeWorkload(value: unknown, field: string): NoticeWorkload {
  const r = new ObjectReader(value, field);
  return r.end({
    cluster: r.text('cluster', 1024),
    namespace: r.text('namespace', 1024),
    owner: r.text('owner', 1024),
    container: r.text('container', 1024),
    image: r.text('image', 1024),
  });
}

function readTime(value: unknown, field: string): number {
  const micros = typeof value === 'string' ? parseTime(value) : undefined;
  return micros === undefined ? refuse(field, 'must be a time') : Math.floor(micros / 1000);
}

function readJsonObject(value: unknown, field: string): JsonObject {
  return isJson(value) && isObject(value) ? value : refuse(field, 'must be an object');
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isJson(value: unknown): value is Json {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return true;
  if (typeof value !== 'object') return false;
  return Object.values(value).every(isJson);
}
