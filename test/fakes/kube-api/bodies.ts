import type { IncomingMessage } from 'node:http';
import protobuf from 'protobufjs';

/** What stands before objects in Kubernetes' protobuf form, which kubectl prefers for kinds it was built with. */
const magic = Buffer.from('k8s\0');

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Unknown { bytes raw = 2; }
  message AccessReview { AccessReviewSpec spec = 2; }
  message AccessReviewSpec { ResourceAttributes resourceAttributes = 1; }
  message ResourceAttributes {
    string namespace = 1;
    string verb = 2;
    string group = 3;
    string resource = 5;
  }
`);

/** What a request asks with: JSON, or of reviews of access also protobuf. */
export async function bodyOf(request: IncomingMessage): Promise<{ readonly spec?: Spec }> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (bytes.length === 0) return {};
  if (!bytes.subarray(0, magic.length).equals(magic)) return JSON.parse(bytes.toString());
  const { raw } = decoded('Unknown', bytes.subarray(magic.length));
  return decoded('AccessReview', raw instanceof Uint8Array ? raw : new Uint8Array());
}

export interface Spec {
  readonly token?: string;
  readonly audiences?: readonly string[];
  readonly resourceAttributes?: {
    readonly verb?: string;
    readonly group?: string;
    readonly resource?: string;
  };
}

function decoded(type: string, bytes: Uint8Array): Record<string, unknown> {
  const codec = root.lookupType(type);
  return codec.toObject(codec.decode(bytes));
}
