import type { ConnectGrpc, GrpcConnection, GrpcEndpoint } from './grpc.ts';

export type GrpcTransport = 'http2' | 'grpc-js';

/**
 * A connection to a gRPC server. Each way of making one is loaded only when it is chosen: grpc-js costs 10 MB.
 *
 * @throws SourceError: nobody is there, or not who was meant
 */
export async function connectGrpc(endpoint: GrpcEndpoint, transport: GrpcTransport): Promise<GrpcConnection> {
  return (await implementation(transport))(endpoint);
}

async function implementation(transport: GrpcTransport): Promise<ConnectGrpc> {
  switch (transport) {
    case 'http2':
      return (await import('./over-http2.ts')).connectHttp2;
    case 'grpc-js':
      return (await import('./over-grpc-js.ts')).connectGrpcJs;
  }
}
