import { parseCollectorConfig } from '../../collector/config.ts';
import { main } from '../../collector/main.ts';
import { shiftedBy } from './shifted-clock.ts';

/**
 * A collector in a process of its own, to be killed: the configuration is the only argument, state lines go to stdout.
 * Besides: `tells`, the types of lines to print and no others; `clockFile`, which holds by how many ms this machine's
 * clock is off, and is read at each look at it.
 */
const { tells, clockFile, ...config } = JSON.parse(process.argv[2] ?? '{}');
if (clockFile !== undefined) shiftedBy(clockFile);
/** Several run beside each other: what a test does not ask for listens nowhere. */
const quiet = { httpListen: '', metricsListen: '' };
/** The type is the first member of every line. */
const isTold = (line: string): boolean =>
  tells === undefined || tells.some((type: string) => line.startsWith(`{"type":"${type}"`));
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
try {
  await main(parseCollectorConfig({ ...quiet, ...config }), {
    out: (line) => {
      if (isTold(line)) process.stdout.write(`${line}\n`);
    },
    signal: ending.signal,
    version: 'test',
  });
} catch (error) {
  process.stderr.write(`whorl: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
