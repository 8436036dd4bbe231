import { createHmac, timingSafeEqual } from 'node:crypto';
import { Type } from 'typebox';
import type { After, Page } from '../../ports/api.ts';
import { Problem } from './problem.ts';

const maxCursorLength = 512;

/** The query of every list. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Rows per page' }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: maxCursorLength, description: '`next` of the page before; opaque' }),
  ),
};

/**
 * Where a list goes on. Signed, so that nobody comes to rely on what is in it or asks for what no page said; the key is
 * made at each start, so a cursor ends with the process.
 */
export class Cursors {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** @throws Problem */
  read(list: string, cursor: string | undefined): { readonly after?: After } {
    if (cursor === undefined) return {};
    const [body = '', mac = ''] = cursor.split('.');
    const expected = this.#mac(list, body);
    const given = Buffer.from(mac, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused();
    // Only what `write` made gets here.
    const [time, id] = JSON.parse(Buffer.from(body, 'base64url').toString()) as [number, string];
    return { after: { time, id } };
  }

  /** The body of a page. */
  page<T>(list: string, { items, next }: Page<T>): { items: T[]; next?: string } {
    return { items: [...items], ...(next === undefined ? {} : { next: this.#write(list, next) }) };
  }

  #write(list: string, { time, id }: After): string {
    const body = Buffer.from(JSON.stringify([time, id])).toString('base64url');
    return `${body}.${this.#mac(list, body).toString('base64url')}`;
  }

  #mac(list: string, body: string): Buffer {
    return createHmac('sha256', this.#key).update(`${list}\n${body}`).digest();
  }
}

function refused(): Problem {
  return new Problem('invalid', 'the cursor is none of this list, or the collector was started anew', {
    errors: [{ field: 'query.cursor', message: 'is not known', fix: 'begin again without it' }],
  });
}
