import { tetragonSource } from '../adapters/source-tetragon.ts';
import { createTetragonNormaliser, missingPolicies } from '../core/normalise/tetragon/tetragon.ts';
import { grpcEndpointOf } from './grpc-endpoint.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';

const defaultAddress = 'unix:/var/run/tetragon/tetragon.sock';
const defaultMetrics = 'http://127.0.0.1:2112/metrics';

export async function openTetragon({ config, now, log, nodeView }: SourceContext): Promise<OpenedSource> {
  let policies: ReadonlySet<string> | undefined;
  let told = '';
  const onPolicies = (names: ReadonlySet<string> | undefined): void => {
    policies = names;
    const missing = names === undefined ? [] : missingPolicies(names);
    if (missing.join() === told) return;
    told = missing.join();
    if (missing.length > 0)
      log.warn(
        { missing },
        'Tetragon lacks policies of deploy/sources/tetragon: what they show is not judged',
      );
    else log.info({}, 'Tetragon has all policies');
  };
  const normaliser = createTetragonNormaliser(nodeView(), { policies: () => policies });
  return {
    source: tetragonSource({
      endpoint: grpcEndpointOf(config, 'Tetragon', defaultAddress),
      transport: config.transport,
      metrics: metricsOf(config.sourceMetrics),
      now,
      log,
      onPolicies,
    }),
    // One for all connections: who is who outlives them.
    normaliser: () => normaliser,
    isLive: true,
    noCanary: 'Tetragon tells of a process which container it is in, and the canary is in none',
  };
}

function metricsOf(given: string): string | undefined {
  if (given === 'off') return undefined;
  return given === '' ? defaultMetrics : given;
}
