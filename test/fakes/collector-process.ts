import { parseCollectorConfig } from '../../collector/config.ts';
import { main } from '../../collector/main.ts';

/** A collector in a process of its own, to be killed: the configuration is the only argument, state lines go to stdout. */
/** Several run beside each other: what a test does not ask for listens nowhere. */
const quiet = { httpListen: '', metricsListen: '' };
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
try {
  await main(parseCollectorConfig({ ...quiet, ...JSON.parse(process.argv[2] ?? '{}') }), {
    out: (line) => void process.stdout.write(`${line}\n`),
    signal: ending.signal,
    version: 'test',
  });
} catch (error) {
  process.stderr.write(`whorl: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
