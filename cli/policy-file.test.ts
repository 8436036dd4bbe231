import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { trustWorld } from '../test/fakes/trust-world.ts';
import { readTrustPolicy } from './policy-file.ts';
import { processIo } from './process-io.ts';

const world = trustWorld();
afterAll(world.remove);

it('believes no file that was exchanged for the one it could check', async () => {
  const link = world.at('link.json');
  writeFileSync(world.at('theirs.json'), '{}', { mode: 0o644 });
  symlinkSync(world.at('theirs.json'), link);
  const io = processIo();
  const turned = {
    ...io,
    readFile: async (path: string, options: { readonly maxBytes: number }) => {
      const bytes = await io.readFile(path, options);
      rmSync(link);
      symlinkSync(world.policy, link);
      return bytes;
    },
  };
  await expect(readTrustPolicy(turned, link)).rejects.toThrow(/was exchanged.*POLICY_UNSAFE/);
  expect(await readTrustPolicy(io, link)).toMatchObject({ version: 1 });
});
