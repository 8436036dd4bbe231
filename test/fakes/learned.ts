import type { LearnedWorkload } from '../../collector/core/learned.ts';
import type { Workload } from '../../fingerprint/workload.ts';

/** A workload of which one copy was seen to start its program, and nothing more. */
export const learnedOf = (workload: Workload, program: string): LearnedWorkload => ({
  workload,
  source: 'sensor',
  schedules: [],
  instances: [],
  novelties: [
    {
      ordinal: 0,
      behaviour: {
        root: 'entrypoint',
        lineage: [`/usr/bin/${program}`],
        kind: 'exec',
        args: [program],
        origin: 'image',
      },
      phase: 'start',
      time: 1,
      node: 'n',
      instance: 'a',
    },
  ],
});
