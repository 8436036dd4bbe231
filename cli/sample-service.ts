import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The workload of the demo: a small shop, written like a service one would really watch. It serves pages, takes orders,
 * writes a log and now and then starts a helper. It also has the mistake that makes attacks possible: a debug
 * endpoint that runs what it is told. It listens on loopback only.
 */
export const sampleServiceFile = fileURLToPath(import.meta.url);

/** The pages a shop has. Written once by whoever sets it up, read by every copy. */
export async function furnishShop(directory: string): Promise<void> {
  for (const part of ['pages', 'orders', 'log']) await mkdir(join(directory, part), { recursive: true });
  for (const page of ['index', 'about', 'terms']) {
    await writeFile(
      join(directory, 'pages', `${page}.html`),
      `<h1>${page}</h1><p>hand-made whorls, shipped today</p>\n`,
    );
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, directory: string): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://shop');
  await appendFile(join(directory, 'log', 'access.log'), `${request.method} ${url.pathname}\n`);
  switch (url.pathname) {
    case '/':
    case '/about':
    case '/terms':
      return end(response, 200, await page(directory, url.pathname));
    case '/order':
      return end(response, 201, await order(directory, await body(request)));
    case '/report':
      return end(response, 200, await run('/usr/bin/wc', ['-l', join(directory, 'log', 'access.log')]));
    case '/debug/run':
      return end(
        response,
        200,
        await run(url.searchParams.get('file') ?? '', url.searchParams.getAll('arg')),
      );
    default:
      return end(response, 404, 'no such page\n');
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(text);
}

async function page(directory: string, path: string): Promise<string> {
  const name = path === '/' ? 'index' : path.slice(1);
  return readFile(join(directory, 'pages', `${name}.html`), 'utf8');
}

/** Written beside, then renamed: an order is whole or not there. */
async function order(directory: string, what: string): Promise<string> {
  const id = randomUUID();
  const file = join(directory, 'orders', `${id}.json`);
  await writeFile(`${file}.new`, JSON.stringify({ id, what }));
  await rename(`${file}.new`, file);
  return `order ${id} taken\n`;
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text = `${text}${String(part)}`.slice(0, 4096);
  return text;
}

/** The answer comes when the program has ended, also when it was ended by somebody else. */
function run(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(file, [...args], { timeout: 60_000 }, (error, stdout) => {
      resolve(error === null ? stdout : `${file} ended: ${error.signal ?? error.code ?? error.message}\n`);
    });
  });
}

/** Prints its port as the first line of stdout; ends when whoever started it closes its stdin, or is gone. */
function serve(directory: string): void {
  const server = createServer((request, response) => {
    answer(request, response, directory).catch((error: unknown) => end(response, 500, `${String(error)}\n`));
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
  });
  process.stdin.on('end', () => process.exit()).resume();
}

if (import.meta.main) serve(process.argv[2] ?? '.');
