import { afterAll, describe, expect, it } from 'vitest';
import { receiptResults } from '../fingerprint/order.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

describe('explain', () => {
  it.each(receiptResults)('knows what became of an order: %s', async (result) => {
    const io = await world.whorl(['explain', result]);
    expect([io.exitCode, io.stdout.join(' ')]).toEqual([0, expect.stringMatching(`^${result}: `)]);
  });

  it('says where to look up an incident that is given by its id', async () => {
    const io = await world.whorl(['explain', '02c3221044a7']);
    expect([io.exitCode, io.stderr.join()]).toEqual([
      2,
      expect.stringMatching(/looks like the id of an incident; whorl incidents 02c3221044a7 tells of it/),
    ]);
  });
});
