import type { AgentConfig } from '../config.ts';
import { SourceError } from '../ports.ts';
import { openFalco } from './falco.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';
import { openReplay } from './replay.ts';
import { openSensor } from './sensor.ts';
import { openTetragon } from './tetragon.ts';
import { openTracee } from './tracee.ts';

type OpenSource = (context: SourceContext) => Promise<OpenedSource>;

/** Every source there is. A new one is a file beside this, a line here, and its name in config.ts. */
const sources: Readonly<Partial<Record<AgentConfig['source'], OpenSource>>> = {
  sensor: openSensor,
  tracee: openTracee,
  tetragon: openTetragon,
  falco: openFalco,
  replay: openReplay,
};

/** @throws SourceError when it cannot be made ready, with what is missing */
export async function openSource(context: SourceContext): Promise<OpenedSource> {
  const { source } = context.config;
  const open = sources[source];
  if (open === undefined) throw new SourceError('unreachable', `there is no source ${source} yet`);
  return await open(context);
}
