import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Copy } from './fleet.ts';

/** A Docker that knows the copies and says of them what an agent asks. */
export async function fakeDocker(socket: string, copies: readonly Copy[]): Promise<Server> {
  const byId = new Map(copies.map((copy) => [copy.container, copy]));
  const server = createServer((request, response) => {
    const copy = byId.get(/^\/containers\/([0-9a-f]{64})\/json/.exec(request.url ?? '')?.[1] ?? '');
    if (copy === undefined) response.writeHead(404).end('{}');
    else response.end(JSON.stringify(inspection(copy)));
  });
  server.listen(socket);
  await once(server, 'listening');
  return server;
}

function inspection({ container, image, digest }: Copy): object {
  return {
    Id: container,
    Image: digest,
    Path: 'node',
    Args: ['/srv/app/main.js'],
    Config: { Image: `${image}:1.4.2`, Labels: {} },
  };
}
