import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localCaller } from '../../collector/access.ts';
import type { ApiServices } from '../../collector/ports/api.ts';
import { fakeApi } from './api.ts';

/** A collector's real API behind its socket, as the command line finds it; behind the API are the services of the test. */
export async function apiSite(services: Partial<ApiServices>): Promise<{ dir: string; close(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'whorl-site-'));
  mkdirSync(join(dir, 'collector'));
  const app = await fakeApi(services, { local: () => localCaller('ada') });
  const server = createServer((request, response) => app.routing(request, response));
  await new Promise<void>((resolve) => server.listen(join(dir, 'collector', 'collector.sock'), resolve));
  const close = () => {
    server.close();
    rmSync(dir, { recursive: true });
  };
  return { dir, close };
}
