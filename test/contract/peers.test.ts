import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PeerNames } from '../../agent/core/peers.ts';
import { parseEvent } from '../../fingerprint/event-json.ts';

const folder = new URL('../../bpf-fixtures/corpus/', import.meta.url);
const recordings = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /^(java|nginx|node|python)\/[abc]\.jsonl\.gz$/.test(name),
);

describe('DNS of real clients, as the sensor sees it', () => {
  it.each(recordings)(
    'has an asker for every answer, and a name for every peer beyond the machine: %s',
    (name) => {
      const peers = new PeerNames();
      const actor = { root: 'entrypoint', lineage: [] } as const;
      const lines = gunzipSync(readFileSync(new URL(name, folder)))
        .toString()
        .trim()
        .split('\n');
      let answers = 0;
      const unnamed = new Set<number>();
      for (const event of lines.map((line) => parseEvent(JSON.parse(line)))) {
        if (event.kind === 'resolve' && event.phase === 'question') peers.asked(event, actor);
        if (event.kind === 'resolve' && event.phase === 'answer') {
          expect(peers.answered(event)).toBe('answer');
          answers += 1;
        }
        if (event.kind === 'connect' && event.transport === 'tcp') {
          if ('unnamed' in peers.peerOf(event.address, event.time, actor)) unnamed.add(event.port);
        }
      }
      expect(answers).toBeGreaterThan(0);
      expect([...unnamed]).toEqual([]);
    },
  );
});
