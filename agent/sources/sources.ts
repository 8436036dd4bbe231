import type { AgentConfig } from '../config.ts';
import type { OpenedSource, SourceContext } from './opened-source.ts';

type OpenSource = (context: SourceContext) => Promise<OpenedSource>;

/** Every source there is. A new one is a file beside this, a line here, and its name in config.ts. Only one is loaded. */
const sources: Readonly<Record<AgentConfig['source'], () => Promise<OpenSource>>> = {
  sensor: async () => (await import('./sensor.ts')).openSensor,
  tracee: async () => (await import('./tracee.ts')).openTracee,
  tetragon: async () => (await import('./tetragon.ts')).openTetragon,
  falco: async () => (await import('./falco.ts')).openFalco,
  replay: async () => (await import('./replay.ts')).openReplay,
};

/** @throws SourceError when it cannot be made ready, with what is missing */
export async function openSource(context: SourceContext): Promise<OpenedSource> {
  const open = await sources[context.config.source]();
  return await open(context);
}
