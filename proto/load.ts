import { existsSync, readFileSync } from 'node:fs';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** One method of a service, ready for grpc-js on either side. Messages are plain objects with the names of the .proto. */
export type LoadedMethod = MethodDefinition<object, object>;

export interface LoadedProto {
  /** @throws Error when the files name no such service: a defect of this package, not of its input */
  service(fullName: string): ServiceDefinition;
  method(serviceName: string, methodName: string): LoadedMethod;
  /** A message type by its full name, for what travels outside a call. */
  codec(fullName: string): Codec;
}

export interface Codec {
  encode(message: object): Buffer;
  decode(bytes: Uint8Array): object;
}

/**
 * Loads .proto files by reflection: no generated code to keep in step, and one root per load, so that two sources may
 * both define a message of the same name. Imports of `google/protobuf/*.proto` come from protobufjs; any other imported
 * file must be among `files`.
 *
 * @param files names relative to `proto/`
 */
export function loadProto(...files: readonly string[]): LoadedProto {
  const root = new protobuf.Root();
  const added = new Set<string>();
  for (const file of files) {
    // keepCase: the names of the .proto are the contract; camelCase copies would be a second vocabulary.
    const { imports } = protobuf.parse(readFileSync(protoPath(file), 'utf8'), root, { keepCase: true });
    for (const name of imports ?? []) addWellKnown(root, name, added);
  }
  root.resolveAll();
  return {
    service: (name) => serviceDefinition(root.lookupService(name)),
    method: (service, name) => methodDefinition(root.lookupService(service), name),
    codec: (name) => codecOf(root.lookupType(name)),
  };
}

/** The well-known types that protobufjs carries (Any, Timestamp, Empty …). */
function addWellKnown(root: protobuf.Root, name: string, added: Set<string>): void {
  const known = protobuf.common.get(name);
  // Several files may import the same.
  if (!known?.nested || added.has(name)) return;
  added.add(name);
  root.addJSON(known.nested);
}

/** Beside this file in the source tree; compiled, this file is one folder further from the package's root. */
function protoPath(file: string): URL {
  const near = new URL(file, import.meta.url);
  return existsSync(near) ? near : new URL(`../../proto/${file}`, import.meta.url);
}

function serviceDefinition(service: protobuf.Service): ServiceDefinition {
  return Object.fromEntries(service.methodsArray.map((m) => [m.name, methodDefinition(service, m.name)]));
}

function methodDefinition(service: protobuf.Service, name: string): LoadedMethod {
  const method = service.methods[name];
  method?.resolve();
  const request = method?.resolvedRequestType;
  const response = method?.resolvedResponseType;
  if (!method || !request || !response) throw new Error(`${service.fullName} has no method ${name}`);
  const [ask, answer] = [codecOf(request), codecOf(response)];
  return {
    path: `/${service.fullName.slice(1)}/${name}`,
    originalName: name,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestSerialize: ask.encode,
    requestDeserialize: ask.decode,
    responseSerialize: answer.encode,
    responseDeserialize: answer.decode,
  };
}

/**
 * Numbers of 64 bits become JavaScript numbers: sequence numbers and microseconds stay below 2^53. An encoded message
 * leaves the writer's pool as a buffer of its own, so that nothing is overwritten while it waits in a socket.
 */
function codecOf(type: protobuf.Type): Codec {
  return {
    encode: (message) => Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), { longs: Number, defaults: true, oneofs: true }),
  };
}
