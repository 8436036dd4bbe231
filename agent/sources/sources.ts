import type { AgentConfig } from '../config.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';
import { openReplay } from './replay.ts';
import { openSensor } from './sensor.ts';

type OpenSource = (context: SourceContext) => Promise<OpenedSource>;

/** Every source there is. A new one is a file beside this, a line here, and its name in config.ts. */
const sources: Readonly<Record<AgentConfig['source'], OpenSource>> = {
  sensor: openSensor,
  replay: openReplay,
};

/** @throws SourceError when it cannot be made ready, with what is missing */
export async function openSource(context: SourceContext): Promise<OpenedSource> {
  return await sources[context.config.source](context);
}
