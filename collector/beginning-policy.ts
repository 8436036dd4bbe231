import { modes } from '../fingerprint/verdict.ts';
import type { CollectorConfig } from './config.ts';
import { defaultPolicy, type ResponsePolicy } from './core/response-policy.ts';

/**
 * The response policy until a person sets one: what the configuration says.
 * @param keptMode what `POST /policy` set before there were policies with a history
 */
export function beginningPolicy(config: CollectorConfig, keptMode?: string): ResponsePolicy {
  const { killScope, stopInteractive, protectedNamespaces } = config;
  const { stopsPerWorkload, stopsPerCluster, nodeShare, ownerShare, holdsPerWorkload, holdsPerCluster } =
    config;
  return {
    ...defaultPolicy,
    mode: modes.find((mode) => mode === keptMode) ?? config.mode,
    killScope,
    stopInteractive,
    protectedNamespaces,
    maxAgeMinutes: config.orderMaxAgeMinutes,
    limits: {
      ...defaultPolicy.limits,
      windowMinutes: config.brakeWindowMinutes,
      stopsPerWorkload,
      stopsPerCluster,
      nodeShare,
      ownerShare,
      rolloutMinutes: config.rolloutMinutes,
      settlingMinutes: config.settlingMinutes,
      holdsPerWorkload,
      holdsPerCluster,
    },
  };
}
