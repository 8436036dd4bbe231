import { describe, expect, it } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { explainBehaviour } from './explain.ts';

const app = { root: 'entrypoint', lineage: ['/bin/sh', '/usr/bin/app'] } as const;

describe('explainBehaviour', () => {
  it.each<[Behaviour, string]>([
    [
      { ...app, kind: 'exec', args: ['app'], origin: 'upper' },
      '`/bin/sh` started `/usr/bin/app` (not in the image)',
    ],
    [{ root: 'probe', lineage: ['/bin/true'], kind: 'exec', args: [] }, 'the probe started `/bin/true`'],
    [{ ...app, kind: 'open', path: '/a', access: 'write' }, '`/usr/bin/app`, below sh, wrote `/a`'],
    [
      { ...app, kind: 'connect', transport: 'udp', peer: 'dns.shop', port: 53 },
      '`/usr/bin/app`, below sh, sent to dns.shop:53',
    ],
  ])('%j → %s', (b, sentence) => expect(explainBehaviour(b)).toBe(sentence));
});
