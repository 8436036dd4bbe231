import { type Notice, noticeId } from '../../collector/core/notice.ts';

/** A small, valid notice; each call with another number another one. */
export function aNotice(n: number, over: Partial<Notice> = {}): Notice {
  const key = over.key ?? `incident-${n}`;
  return {
    id: noticeId(key, 'incident.opened', n, n),
    type: 'incident.opened',
    time: Date.UTC(2026, 4, 1) + n,
    severity: 'high',
    key,
    title: `notice ${n}`,
    link: `/incidents/${key}`,
    data: { n },
    ...over,
  };
}
