import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { procStateView } from './state-view.ts';

const layer = mkdtempSync(join(tmpdir(), 'whorl-layer-'));
mkdirSync(join(layer, 'bin'));
writeFileSync(join(layer, 'bin/cart'), '');
afterAll(() => rmSync(layer, { recursive: true }));

describe('a layer of an overlay', () => {
  const { isInLayer } = procStateView({ proc: '/proc', cgroups: undefined });

  it.each<[string, string, string, ReturnType<typeof isInLayer>]>([
    ['a file', layer, '/bin/cart', true],
    ['nothing of that name', layer, '/bin/dropped', false],
    ['nothing below a file', layer, '/bin/cart/x', 'removed'],
    // What overlayfs marks removal with is a character device.
    ['the mark of removal', '/dev', '/null', 'removed'],
    ['what cannot be looked into', join(layer, 'none'), '/x', undefined],
  ])('has %s', (_, where, path, held) => expect(isInLayer(where, path)).toBe(held));
});
