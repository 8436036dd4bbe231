import { join } from 'node:path';
import { buildSensor } from '../adapters/build-sensor.ts';
import { sensorSource } from '../adapters/source-sensor.ts';
import { createSensorNormaliser } from '../core/normalise/sensor.ts';
import { SourceError } from '../ports/source.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';

export async function openSensor({ config, dir, own, now }: SourceContext): Promise<OpenedSource> {
  if (process.platform !== 'linux')
    throw new SourceError('not-linux', 'live events need Linux; use source replay with a recording');
  const binary = config.sensor === '' ? await buildSensor(join(dir, 'sensor')) : config.sensor;
  const ignorePids = [...own.trees, ...own.single].map((p) => p.pid).slice(0, 8);
  return {
    source: sensorSource({ binary, ignorePids, now }),
    normaliser: createSensorNormaliser,
    isLive: true,
    tellsOrigins: true,
  };
}
