import { join } from 'node:path';
import type { FalcoIntakeOptions } from '../adapters/falco/intake.ts';
import { falcoFifoSource } from '../adapters/source-falco-fifo.ts';
import { falcoFileSource } from '../adapters/source-falco-file.ts';
import { falcoGrpcSource } from '../adapters/source-falco-grpc.ts';
import { falcoHttpSource } from '../adapters/source-falco-http.ts';
import { falcoUnixSource } from '../adapters/source-falco-unix.ts';
import type { AgentConfig } from '../config.ts';
import { falcoLosses } from '../core/normalise/falco/loss.ts';
import { createFalcoNormaliser } from '../core/normalise/falco/normaliser.ts';
import { type EventSource, SourceError } from '../ports/source.ts';
import { grpcEndpointOf } from './grpc-endpoint.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';

const defaultAddress = 'unix:/run/whorl/falco.sock';
const defaultMetrics = 'http://127.0.0.1:8765/metrics';
const grpc = 'grpc:';

export async function openFalco(context: SourceContext): Promise<OpenedSource> {
  const { config, now, log, nodeView } = context;
  const address = config.sourceAddress === '' ? defaultAddress : config.sourceAddress;
  const form = address.startsWith(grpc) ? 'grpc' : 'json';
  const normaliser = createFalcoNormaliser({ view: nodeView(), form, now });
  const received = () => {
    const counters = normaliser.counters();
    return (counters['falco.records'] ?? 0) - (counters['falco.internal'] ?? 0);
  };
  const { sourceMetrics } = config;
  const counters = {
    address: sourceMetrics === '' ? defaultMetrics : sourceMetrics,
    isAsked: sourceMetrics !== '',
    received,
    reasons: falcoLosses,
  };
  return {
    source: wayIn(address, context, { now, log, ...(sourceMetrics === 'off' ? {} : { counters }) }),
    // One for all connections: who is who outlives them.
    normaliser: () => normaliser,
    isLive: true,
    noCanary: 'the rules that are handed out tell of containers alone, and the canary is in none',
  };
}

/** @throws SourceError when the address has none of the forms */
function wayIn(address: string, { config, dir }: SourceContext, options: FalcoIntakeOptions): EventSource {
  const [, way = '', rest = ''] = /^(file|fifo|unix):(\/.*)$/s.exec(address) ?? [];
  if (way === 'file') return falcoFileSource({ ...options, path: rest, placeFile: join(dir, 'falco-place') });
  if (way === 'fifo') return falcoFifoSource({ ...options, path: rest });
  if (way === 'unix') return falcoUnixSource({ ...options, path: rest });
  if (/^https?:/.test(address)) return falcoHttpSource({ ...options, url: address, ...filesOf(config) });
  if (address.startsWith(grpc)) {
    const endpoint = grpcEndpointOf({ ...config, sourceAddress: address.slice(grpc.length) }, 'Falco', '');
    return falcoGrpcSource({ ...options, endpoint, transport: config.transport });
  }
  throw new SourceError(
    'bad-setting',
    'sourceAddress must be file:/path, fifo:/path, unix:/path, http://127.0.0.1:PORT/path, https://…, grpc:unix:/path or grpc:host:port',
  );
}

function filesOf({ sourceCertificate, sourceKey, sourceCa }: AgentConfig): {
  certificate?: string;
  key?: string;
  ca?: string;
} {
  return {
    ...(sourceCertificate === '' ? {} : { certificate: sourceCertificate, key: sourceKey }),
    ...(sourceCa === '' ? {} : { ca: sourceCa }),
  };
}
