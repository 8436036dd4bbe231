import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

/** Whether fingerprints are found and chosen well is shown with a real registry: test/e2e/registry.test.ts. */
describe('pull', () => {
  it.each<[string, string[], RegExp]>([
    ['hands nothing on that nobody checked', ['--push'], /give --trust POLICY.json with --push/],
    ['nor what one key alone is believed for', ['--push', '--key', world.pub], /give --trust/],
    ['says where everything goes', ['--all'], /give --out-dir DIR, and no --out/],
  ])('%s, before any registry is asked', async (_name, args, sentence) => {
    const out = world.at('pulled.json');
    // Port 1 of this machine: whoever asked there would end with 5.
    const io = await world.whorl(['pull', '127.0.0.1:1/shop/cart:1.4', '--out', out, ...args]);
    expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(sentence)]);
    expect(existsSync(out)).toBe(false);
  });
});
