import type { GrpcEndpoint } from '../adapters/grpc-stream/grpc.ts';
import type { AgentConfig } from '../config.ts';

/** Where the configuration says that a gRPC source is. @param address where it is by default */
export function grpcEndpointOf(config: AgentConfig, called: string, address: string): GrpcEndpoint {
  return {
    called,
    address: config.sourceAddress === '' ? address : config.sourceAddress,
    ...given('ca', config.sourceCa),
    ...given('certificate', config.sourceCertificate),
    ...given('key', config.sourceKey),
    ...given('name', config.sourceName),
  };
}

function given(field: 'ca' | 'certificate' | 'key' | 'name', text: string): Partial<GrpcEndpoint> {
  return text === '' ? {} : { [field]: text };
}
