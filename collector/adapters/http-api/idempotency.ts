import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/** As the draft of the header asks for: long enough that no retry comes later. */
const keptMs = 86_400_000;
/** Answers that are kept, all callers together, and their bytes: the oldest go first. */
const maxAnswers = 10_000;
const maxBytes = 16 << 20;
/** One caller may not push out what others have stored. */
const maxPerCaller = 1_000;

interface Kept {
  readonly caller: string;
  readonly digest: string;
  readonly at: number;
  /** Absent while the first request is under way. */
  answer?: { readonly status: number; readonly type: string; readonly body: string };
}

/**
 * The header `Idempotency-Key`: who repeats a request, not knowing whether it arrived, gets the answer of the first
 * one, and nothing happens twice. In memory: a restart forgets it.
 */
export class Idempotency {
  readonly #kept = new Map<string, Kept>();
  readonly #perCaller = new Map<string, number>();
  readonly #now: () => number;
  #bytes = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** preHandler. @throws Problem @returns the reply when the answer is known already */
  begin(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const key = keyOf(request);
    if (key === undefined) return undefined;
    this.#forgetOld();
    const name = `${request.caller.key}\n${key}`;
    const digest = digestOf(request);
    const kept = this.#kept.get(name);
    if (kept === undefined) {
      this.#keep(name, { caller: request.caller.key, digest, at: this.#now() });
      request.idempotent = name;
      return undefined;
    }
    if (kept.digest !== digest)
      throw new Problem('key-reused', 'this Idempotency-Key was sent with another request; make a new one');
    if (kept.answer === undefined)
      throw new Problem('conflict', 'the first request with this Idempotency-Key is still under way', {
        headers: { 'retry-after': '1' },
      });
    const { status, type, body } = kept.answer;
    return reply.code(status).type(type).header('idempotency-replayed', 'true').send(body);
  }

  /** onSend: keeps the answer. What failed by us may be tried again. */
  end(request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
    const name = request.idempotent;
    const kept = name === undefined ? undefined : this.#kept.get(name);
    if (name === undefined || kept === undefined) return;
    if (reply.statusCode >= 500 || (payload !== undefined && typeof payload !== 'string')) {
      this.#forget(name);
      return;
    }
    const body = payload ?? '';
    kept.answer = { status: reply.statusCode, type: String(reply.getHeader('content-type') ?? ''), body };
    this.#bytes += body.length;
    while (this.#bytes > maxBytes || this.#kept.size > maxAnswers) this.#forgetOldest();
  }

  /** onResponse: a request that ended without an answer holds nothing up. */
  aborted(request: FastifyRequest): void {
    const name = request.idempotent;
    if (name !== undefined && this.#kept.get(name)?.answer === undefined) this.#forget(name);
  }

  #keep(name: string, kept: Kept): void {
    const count = this.#perCaller.get(kept.caller) ?? 0;
    if (count >= maxPerCaller)
      throw new Problem('too-many-requests', `more than ${maxPerCaller} answers are kept for this caller`, {
        headers: { 'retry-after': '3600' },
      });
    this.#perCaller.set(kept.caller, count + 1);
    this.#kept.set(name, kept);
  }

  #forget(name: string): void {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    this.#kept.delete(name);
    this.#bytes -= kept.answer?.body.length ?? 0;
    const left = (this.#perCaller.get(kept.caller) ?? 1) - 1;
    if (left === 0) this.#perCaller.delete(kept.caller);
    else this.#perCaller.set(kept.caller, left);
  }

  #forgetOldest(): void {
    const oldest = this.#kept.keys().next().value;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forgetOld(): void {
    for (const [name, { at }] of this.#kept) {
      if (this.#now() - at < keptMs) return;
      this.#forget(name);
    }
  }
}

/** @throws Problem */
function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,128}$/.test(key)) return key;
  throw new Problem('invalid', 'Idempotency-Key must be 1 to 128 printable characters', {
    errors: [{ field: 'headers.idempotency-key', message: 'is no key', fix: 'send a UUID, for example' }],
  });
}

function digestOf(request: FastifyRequest): string {
  const body = Buffer.isBuffer(request.body) ? request.body : JSON.stringify(request.body ?? null);
  return createHash('sha256').update(`${request.method} ${request.url}\n`).update(body).digest('hex');
}
