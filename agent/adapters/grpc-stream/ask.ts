import type { GrpcConnection } from './grpc.ts';
import { problem } from './refusal.ts';

export interface AskOptions {
  readonly timeoutMs: number;
  /** Bytes of the longest answer that is taken. */
  readonly maxBytes: number;
}

/** gRPC frames each message with a byte that says whether it is compressed and four of length. */
const head = 5;

/**
 * One question, one answer, both bare protobuf.
 *
 * @throws SourceError as the call ended; `wedged` when no answer came in time
 */
export async function ask(
  connection: GrpcConnection,
  path: string,
  request: Uint8Array,
  { timeoutMs, maxBytes }: AskOptions,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const call = connection.stream(path, request, (bytes) => {
    length += bytes.length;
    if (length > maxBytes + head)
      throw problem(
        connection.endpoint,
        'wrong-service',
        `it answers ${path} with more than ${maxBytes} bytes`,
      );
    parts.push(Buffer.from(bytes));
  });
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, timeoutMs, undefined);
  try {
    const end = await Promise.race([call.ended, late]);
    if (end === undefined) {
      void call.cancel();
      throw problem(
        connection.endpoint,
        'wedged',
        `it did not answer ${path} within ${timeoutMs} ms; look whether it is overloaded, or restart it`,
      );
    }
    if (end.status !== 0) throw end.error;
    return messageOf(connection, Buffer.concat(parts), path);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws SourceError */
function messageOf({ endpoint }: GrpcConnection, body: Buffer, path: string): Uint8Array {
  if (body.length >= head && body[0] === 0 && body.readUInt32BE(1) === body.length - head)
    return body.subarray(head);
  throw problem(endpoint, 'wrong-service', `it answers ${path} with something that is not one gRPC message`);
}
