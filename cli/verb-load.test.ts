import { afterAll, expect, it } from 'vitest';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(() => world.remove());

it.each([
  ['what is no tar', world.signed, 'cart.intoto.json: the file is not a whole tar (LAYOUT_SYNTAX)'],
  [
    'a tar of nothing',
    world.given('zeros.tar', new Uint8Array(4096)),
    'zeros.tar: the tar is no OCI image layout',
  ],
])('load names the file when it is %s', async (_what, file, sentence) => {
  const io = await world.whorl(['load', file, '--out-dir', world.at('files')]);
  expect([io.exitCode, io.stderr.join('\n')]).toEqual([2, expect.stringContaining(sentence)]);
});
