import { loadProto } from '../../proto/load.ts';

export const tetragonProto = loadProto(
  'tetragon/tetragon.proto',
  'tetragon/events.proto',
  'tetragon/sensors.proto',
);

const responses = tetragonProto.codec('tetragon.GetEventsResponse');
const dumps = tetragonProto.codec('tetragon.GetDebugResponse');

/** Members that are messages with one value on the wire, and the bare value in the JSON export. */
const wrapped = new Set(['pid', 'uid', 'auid', 'tid', 'in_init_tree', 'links']);
const times = new Set(['time', 'start_time']);

/** An event as the JSON export writes it, as the object our own .proto encodes. */
function fromExport(value: unknown, member = '', within = ''): unknown {
  if (typeof value === 'string' && times.has(member)) return timestampOf(value);
  if (Array.isArray(value)) return value.map((item: unknown) => fromExport(item, '', member));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, fromExport(part, name, member)]),
    );
  // `refcnt` is a number of a process, and a wrapped one beside it in a dump; the value of a capability is wrapped too.
  const isWrapped = wrapped.has(member) || (member === 'value' && within === 'capability_arg');
  return isWrapped ? { value } : value;
}

function timestampOf(text: string): object {
  const [, whole = '', fraction = ''] = /^(.{19})(?:\.(\d+))?Z$/.exec(text) ?? [];
  return { seconds: Date.parse(`${whole}Z`) / 1000, nanos: Number(fraction.padEnd(9, '0')) };
}

/** @param event as the JSON export writes it */
export function encodeResponse(event: object): Uint8Array {
  return responses.encode(fromExport(event) as object);
}

/** Messages as they travel in a gRPC stream. */
export function framed(...all: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    all.flatMap((message) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      return [head, message];
    }),
  );
}

/** What GetDebug answers. @param processes as the JSON export writes them */
export function encodeDump(processes: readonly object[]): Uint8Array {
  return dumps.encode({
    flag: 'CONFIG_FLAG_DUMP_PROCESS_CACHE',
    processes: {
      processes: processes.map((process) => ({ process: fromExport(process), refcnt: { value: 1 } })),
    },
  });
}

export function execId(node: string, ktime: bigint, pid: number): string {
  return Buffer.from(`${node}:${ktime}:${pid}`).toString('base64');
}
