import { Client, credentials } from '@grpc/grpc-js';
import { tracee } from '../tracee/event-static.js';

/**
 * The other side of the ratio, as a process: `node reference.ts SOCKET`. grpc-js and protobufjs' static decoder, and
 * nothing else: nobody is told, nothing is judged.
 */
const client = new Client(`unix:${process.argv[2] ?? ''}`, credentials.createInsecure());
let decoded = 0;
const call = client.makeServerStreamRequest(
  '/tracee.v1beta1.TraceeService/StreamEvents',
  () => Buffer.alloc(0),
  decode,
  {},
);
call.on('data', () => undefined);
call.on('error', () => process.exit(0));
call.on('metadata', () => process.send?.(0));
process.on('disconnect', () => process.exit());
process.on('message', () => process.send?.(decoded));

/** `StreamEventsResponse` has one field, the event: what stands before it is stepped over. */
function decode(bytes: Buffer): object {
  decoded += 1;
  return tracee.v1beta1.Event.decode(bytes.subarray((bytes[1] ?? 0) < 128 ? 2 : 3));
}
