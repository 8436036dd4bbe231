import { existsSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { isRecorded, learned, recorded } from '../test/corpus/replay.ts';
import type { Figure } from './result.ts';

const daemons = ['nginx', 'redis', 'postgres', 'node', 'python', 'java', 'cron'];

/** What the baseline of each daemon of the corpus weighs, learned from its first environment. */
export function corpusSizes(): { figures: readonly Figure[]; notes: readonly string[] } {
  if (!existsSync(new URL('../bpf-fixtures/corpus/', import.meta.url)))
    return { figures: [], notes: ['no sizes per daemon: bpf-fixtures/corpus is not there'] };
  const there = daemons.filter((daemon) => isRecorded(daemon, 'a'));
  const figures = there.flatMap((daemon) => {
    const { behaviour } = learned(recorded(daemon, 'a'));
    const bytes = canonicalBytes(behaviour);
    const entries = behaviour.programs.reduce(
      (n, p) => n + p.args.length + p.files.length + p.network.length + p.privileges.length,
      0,
    );
    return [
      {
        key: `${daemon}Bytes`,
        value: bytes.length,
        unit: 'B',
        label: `${daemon}: behaviour, ${entries} entries`,
      },
      { key: `${daemon}GzipBytes`, value: gzipSync(bytes).length, unit: 'B', label: `${daemon}: gzip` },
    ];
  });
  const missing = daemons.filter((daemon) => !there.includes(daemon));
  return {
    figures,
    notes: missing.length === 0 ? [] : [`no sizes for ${missing.join(', ')}: not recorded`],
  };
}
