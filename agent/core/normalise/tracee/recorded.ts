import { refuse } from '../../../../fingerprint/object-reader.ts';
import { MessageWriter } from './message-writer.ts';
import { Loose, type Moment } from './recorded-json.ts';
import { writeValue } from './recorded-values.ts';

export { withExactTimes } from './recorded-json.ts';

/** One event of Tracee's JSON output, as the message that its gRPC stream would have had. */
export interface Recorded {
  readonly message: Uint8Array;
  /** µs, as told. */
  readonly time: number;
  /** Of the thread whose start is that of its process. */
  readonly isMain: boolean;
  /** Asked for by the policy of deploy/sources/tracee: then everything it asks for was. */
  readonly isOurs: boolean;
}

const ourPolicy = 'whorl';

/**
 * Reads both forms: that of the gRPC messages (`workload`, `data`), and the one before (`args`).
 *
 * @throws SCHEMA naming the field
 */
export function readRecorded(value: unknown): Recorded {
  const event = new Loose(value, '');
  const read = event.has('eventName') ? readOld(event) : readNew(event);
  const policies = event.get('matchedPolicies') ?? event.object('policies')?.get('matched');
  return { ...read, isOurs: Array.isArray(policies) && policies.includes(ourPolicy) };
}

interface Told {
  readonly name: string;
  readonly time: Moment;
  readonly process: Uint8Array;
  readonly isMain: boolean;
  readonly container: Uint8Array | undefined;
  readonly k8s: Uint8Array | undefined;
  readonly data: readonly Uint8Array[];
  readonly isDetection: boolean;
}

function written(told: Told): Omit<Recorded, 'isOurs'> {
  const workload = new MessageWriter().message(1, told.process);
  if (told.container !== undefined) workload.message(2, told.container);
  if (told.k8s !== undefined) workload.message(3, told.k8s);
  const event = new MessageWriter().message(1, stamp(told.time)).text(3, told.name);
  event.message(5, workload.bytes());
  for (const value of told.data) event.message(6, value);
  if (told.isDetection) event.message(7, new Uint8Array());
  return {
    message: new MessageWriter().message(1, event.bytes()).bytes(),
    time: told.time.seconds * 1_000_000 + Math.floor(told.time.nanos / 1000),
    isMain: told.isMain,
  };
}

function readNew(event: Loose): Omit<Recorded, 'isOurs'> {
  const name = event.text('name');
  if (name === '') return refuse('name', 'is missing: this is no event of Tracee');
  const workload = event.object('workload') ?? event.object('context');
  const process = workload?.object('process');
  const thread = process?.object('thread');
  const pid = process?.number('host_pid') ?? 0;
  const tid = thread?.number('host_tid') ?? pid;
  const parent = process?.objects('ancestors')[0];
  return written({
    name,
    time: event.moment('timestamp') ?? refuse('timestamp', 'is missing'),
    process: processOf({
      pid,
      tid,
      start: thread?.moment('start_time'),
      uid: process?.number('unique_id') ?? 0,
      parent: parent?.number('host_pid') ?? 0,
      parentUid: parent?.number('unique_id') ?? 0,
    }),
    isMain: tid === pid,
    ...placeOf(workload),
    data: event.objects('data').map((argument) => argumentOf(argument)),
    isDetection: event.has('threat'),
  });
}

function placeOf(workload: Loose | undefined): Pick<Told, 'container' | 'k8s'> {
  const container = workload?.object('container');
  const image = container?.object('image');
  const k8s = workload?.object('k8s');
  const digests = image?.get('repo_digests');
  const digest: unknown = Array.isArray(digests) ? digests.at(-1) : undefined;
  return {
    container:
      container &&
      containerOf({
        id: container.text('id'),
        name: container.text('name'),
        image: image?.text('name') ?? '',
        digest: typeof digest === 'string' ? digest : '',
      }),
    k8s: k8s && k8sOf(k8s.object('pod')?.text('name') ?? '', k8s.object('namespace')?.text('name') ?? ''),
  };
}

/** `value`, or the oneof as Go's own encoder writes it: `"Value":{"Str":…}`. */
function argumentOf(argument: Loose): Uint8Array {
  const name = argument.text('name');
  const writer = new MessageWriter().text(1, name);
  const told = argument.has('value') ? argument.get('value') : onlyMember(argument.get('Value'));
  writeValue(writer, name, told, argument.field('value'));
  return writer.bytes();
}

function onlyMember(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const [only] = Object.values(value);
  const inner: unknown = only;
  // A list stands in a message of its own.
  return typeof inner === 'object' && inner !== null && 'value' in inner ? inner.value : inner;
}

function readOld(event: Loose): Omit<Recorded, 'isOurs'> {
  const pid = event.number('hostProcessId') ?? 0;
  const tid = event.number('hostThreadId') ?? pid;
  const container = event.object('container');
  const kubernetes = event.object('kubernetes');
  const data = event.objects('args').map((argument) => argumentOf(argument));
  const returned = new MessageWriter().text(1, 'returnValue');
  writeValue(returned, 'returnValue', event.number('returnValue') ?? 0, 'returnValue');
  return written({
    name: event.text('eventName'),
    time: event.moment('timestamp') ?? refuse('timestamp', 'is missing'),
    process: processOf({
      pid,
      tid,
      start: event.moment('threadStartTime'),
      uid: event.number('processEntityId') ?? 0,
      parent: event.number('hostParentProcessId') ?? 0,
      parentUid: event.number('parentEntityId') ?? 0,
    }),
    isMain: tid === pid,
    container: containerOf({
      id: container?.text('id') || event.text('containerId'),
      name: container?.text('name') || event.text('containerName'),
      image: container?.text('image') || event.text('containerImage'),
      digest: container?.text('imageDigest') ?? '',
    }),
    k8s: k8sOf(
      kubernetes?.text('podName') || event.text('podName'),
      kubernetes?.text('podNamespace') || event.text('podNamespace'),
    ),
    data: [...data, returned.bytes()],
    isDetection: event.has('metadata'),
  });
}

interface Process {
  readonly pid: number;
  readonly tid: number;
  readonly start: Moment | undefined;
  readonly uid: number;
  readonly parent: number;
  readonly parentUid: number;
}

function processOf({ pid, tid, start, uid, parent, parentUid }: Process): Uint8Array {
  const thread = new MessageWriter();
  if (start !== undefined) thread.message(1, stamp(start));
  thread.message(4, wrapped(tid));
  const writer = new MessageWriter().message(2, wrapped(uid)).message(3, wrapped(pid));
  writer.message(6, thread.bytes());
  if (parent > 0)
    writer.message(7, new MessageWriter().message(2, wrapped(parentUid)).message(3, wrapped(parent)).bytes());
  return writer.bytes();
}

function stamp({ seconds, nanos }: Moment): Uint8Array {
  return new MessageWriter().number(1, seconds).number(2, nanos).bytes();
}

function wrapped(value: number): Uint8Array {
  return new MessageWriter().number(1, value).bytes();
}

interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly digest: string;
}

function containerOf({ id, name, image, digest }: Container): Uint8Array | undefined {
  if (id === '') return undefined;
  const about = new MessageWriter();
  if (digest !== '') about.text(2, digest);
  about.text(3, image);
  return new MessageWriter().text(1, id).text(2, name).message(3, about.bytes()).bytes();
}

function k8sOf(pod: string, namespace: string): Uint8Array | undefined {
  if (pod === '') return undefined;
  const named = (name: string): Uint8Array => new MessageWriter().text(1, name).bytes();
  return new MessageWriter().message(1, named(pod)).message(2, named(namespace)).bytes();
}
