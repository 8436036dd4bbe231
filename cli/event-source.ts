import { buildSensor } from '../agent/adapters/build-sensor.ts';
import { SourceError } from '../agent/ports/source.ts';
import { kernelFindings } from './doctor/kernel.ts';
import { providePackages } from './install-packages.ts';

export type SensorProvided =
  | { readonly kind: 'ready'; readonly binary: string; readonly installed: boolean }
  /** One sentence: what is missing and how to get it. */
  | { readonly kind: 'missing'; readonly sentence: string };

/**
 * The best event source of this machine, ready to run: the embedded sensor, built if need be, its compiler installed if
 * need be and allowed.
 */
export async function provideSensor(options: {
  readonly install: boolean;
  readonly cacheDir: string;
  readonly say: (sentence: string) => void;
}): Promise<SensorProvided> {
  const lacking = kernelFindings().find((finding) => finding.state === 'missing');
  if (lacking !== undefined) return { kind: 'missing', sentence: `${lacking.what}; ${lacking.mend ?? ''}` };
  const first = await build(options.cacheDir);
  if (first.kind === 'ready') return first;
  const provided = await providePackages(options);
  switch (provided.kind) {
    case 'present':
      return first;
    case 'missing':
      return { kind: 'missing', sentence: provided.sentence };
    case 'installed':
      options.say(`installed in ${provided.seconds.toFixed(0)} s`);
      return build(options.cacheDir, true);
  }
}

async function build(cacheDir: string, installed = false): Promise<SensorProvided> {
  try {
    return { kind: 'ready', binary: await buildSensor(cacheDir), installed };
  } catch (error) {
    if (error instanceof SourceError) return { kind: 'missing', sentence: error.message };
    throw error;
  }
}
