import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Docker, whyNoDocker } from './support/docker.ts';
import type { OciImage } from './support/oci-image.ts';
import { leftovers, type Ran, RecordShop } from './support/record-shop.ts';

const why = whyNoDocker();
if (why !== undefined) console.log(`containers of Docker are not recorded here: ${why}`);

describe.skipIf(why !== undefined)('record, with Docker', () => {
  let shop: RecordShop;
  let docker: Docker;
  let cart: OciImage;
  let id: string;

  beforeAll(async () => {
    shop = new RecordShop();
    docker = await Docker.start();
    cart = shop.image('registry.example/shop/cart:1.4');
    id = docker.load(cart);
  });
  afterAll(async () => {
    await docker?.close();
    shop?.close();
  });

  /** Starts as it is told, asks for a page and an order. */
  function record(image: string, started: string, ...how: readonly string[]): Promise<Ran> {
    const script = shop.suite('suite', [
      `C=$(docker run --detach --network none ${started})`,
      'PID=$(docker inspect --format "{{.State.Pid}}" $C)',
      'request() { for i in 1 2 3 4 5 6 7 8 9 10; do echo "$1" | "$ASK" "$PID" 8080 >/dev/null && return; sleep 0.1; done; exit 9; }',
      'whorl step login; request LOGIN',
      'whorl step checkout; request CHECKOUT',
      'docker rm --force $C >/dev/null',
    ]);
    const args = ['record', '--image', image, '--out', join(shop.dir, 'whorl'), ...how];
    return shop.whorl([...args, '--', script], shop.env({ DOCKER_HOST: `unix://${docker.socket}` }));
  }

  it('finds its containers by repository, tag and id, however they were started', async () => {
    const first = await record('registry.example/shop/cart', cart.name, '--json');
    expect(first.code, first.stderr).toBe(0);
    const { images } = JSON.parse(first.stdout);
    expect(images).toMatchObject([{ state: 'new', copies: 1, digests: [id], ran: ['checkout', 'login'] }]);
    const text = readFileSync(join(shop.dir, 'whorl/cart.json'), 'utf8');
    const { subject, behaviour } = JSON.parse(text);
    expect(subject).toEqual({ name: 'registry.example/shop/cart' });
    expect(behaviour.programs).toMatchObject([{ exe: '/bin/shop', root: 'entrypoint' }]);
    expect(behaviour.programs[0].network).toEqual([
      { do: 'connect', transport: 'tcp', peer: 'localhost', port: 5432 },
      { do: 'listen', transport: 'tcp', port: 8080 },
    ]);
    // Another tag of it, started by its id: the same image, so the same file to the byte.
    docker.docker('tag', cart.name, 'cart:dev');
    const again = await record('registry.example/shop/cart:1.4', id, '--update');
    expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/cart\.json: unchanged/)]);
    const dev = await record('cart:dev', cart.name, '--check', '--name', 'registry.example/shop/cart');
    expect([dev.code, dev.stderr]).toEqual([0, expect.stringMatching(/cart\.json: unchanged/)]);
    expect(readFileSync(join(shop.dir, 'whorl/cart.json'), 'utf8')).toBe(text);
    expect(leftovers()).toEqual([]);
  });

  it('leaves out what another image does', async () => {
    const other = await record('registry.example/shop/stock', cart.name);
    expect([other.code, other.stderr]).toEqual([4, expect.stringMatching(/no container of .* was started/)]);
  });
});
