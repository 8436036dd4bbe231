import type { SourceError } from '../../ports/source.ts';

/** Where a gRPC server is, and how it is known. Files are read at each attempt, so that renewed ones are taken up. */
export interface GrpcEndpoint {
  /** What people call it, such as `Tracee`: begins each sentence about it. */
  readonly called: string;
  /** `unix:/path` or `host:port`. */
  readonly address: string;
  /** PEM file of the only authority that is believed. Absent: no TLS. */
  readonly ca?: string;
  /** PEM files shown to a server that asks who we are; both or none. */
  readonly certificate?: string;
  readonly key?: string;
  /** Name in its certificate, where that is not the host of the address. */
  readonly name?: string;
}

/** How a call ended. */
export interface CallEnd {
  /** gRPC's number: 0 it ended well, 1 we cancelled it, 12 there is no such method, 14 the connection is gone. */
  readonly status: number;
  /** The same for a person, with what to do. A stream that ends well is an end too: `source-ended`. */
  readonly error: SourceError;
}

/**
 * Gets the body as it comes: messages with gRPC's five bytes before each, cut anywhere. The bytes are used again as soon
 * as it returns. What it throws ends the call, and `ended` rejects with it.
 */
export type OnData = (bytes: Uint8Array) => void;

export interface GrpcCall {
  /** Settles once, when nothing more comes. */
  readonly ended: Promise<CallEnd>;
  /** Sends one more request. @returns false when the server has not taken earlier ones: nothing was sent */
  write(request: Uint8Array): boolean;
  /** Leaves: the server hears of it, and what it had sent is read until it has. Settles when that is over, after a second at most. */
  cancel(): Promise<void>;
}

/** One connection. It is read always and at once, whatever the server sends; nothing ever waits for who takes the data. */
export interface GrpcConnection {
  readonly endpoint: GrpcEndpoint;
  /** @param path `/package.Service/Method` @param request bare protobuf, the only one */
  stream(path: string, request: Uint8Array, onData: OnData): GrpcCall;
  /** The same where more requests follow by `write`. */
  duplex(path: string, request: Uint8Array, onData: OnData): GrpcCall;
  /** Every call that is left ends with status 1. */
  close(): void;
}

/** @throws SourceError: nobody is there, or not who was meant */
export type ConnectGrpc = (endpoint: GrpcEndpoint) => Promise<GrpcConnection>;
