import type { GrpcEndpoint } from '../adapters/grpc-stream/grpc.ts';
import { traceeSource } from '../adapters/source-tracee.ts';
import type { AgentConfig } from '../config.ts';
import { createTraceeNormaliser } from '../core/normalise/tracee/tracee.ts';
import { grpcEndpointOf } from './grpc-endpoint.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';

/** Where Tracee listens by default, and in the only folder its chart shares with the node. */
const defaultAddresses = ['unix:/var/run/tracee.sock', 'unix:/tmp/tracee/tracee.sock'] as const;

export async function openTracee({ config, now, nodeView }: SourceContext): Promise<OpenedSource> {
  const normaliser = createTraceeNormaliser(nodeView());
  return {
    source: traceeSource({
      endpoints: endpointsOf(config),
      transport: config.transport,
      mask: config.sourceMask === 'auto',
      now,
    }),
    // One for all connections: which process is which, and since when, outlives them.
    normaliser: () => normaliser,
    isLive: true,
    noCanary: 'Tracee shows containers alone, and what the agent does on purpose is done outside of them',
  };
}

function endpointsOf(config: AgentConfig): readonly [GrpcEndpoint, ...GrpcEndpoint[]] {
  const [usual, shared] = defaultAddresses;
  const first = grpcEndpointOf(config, 'Tracee', usual);
  return config.sourceAddress === '' ? [first, grpcEndpointOf(config, 'Tracee', shared)] : [first];
}
