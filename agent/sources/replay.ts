import { replaySource } from '../adapters/source-replay.ts';
import { createSensorNormaliser } from '../core/normalise/sensor.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';

export async function openReplay({ config, now }: SourceContext): Promise<OpenedSource> {
  return {
    source: replaySource(config.recording, now),
    normaliser: createSensorNormaliser,
    isLive: false,
  };
}
