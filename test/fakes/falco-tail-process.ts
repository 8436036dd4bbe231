import { writeSync } from 'node:fs';
import { falcoFileSource } from '../../agent/adapters/source-falco-file.ts';

/** Follows a file of alerts and says each line on stdout at once, as an agent judges it at once; to be killed. */
const [path = '', placeFile = ''] = process.argv.slice(2);
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const source = falcoFileSource({ path, placeFile, lookMs: 1, now: () => Date.now() * 1000, log: silent });
await source.run(
  {
    bytes: (bytes) => void writeSync(1, bytes),
    note: ({ type }) => void writeSync(1, `${type}\n`),
  },
  new AbortController().signal,
);
