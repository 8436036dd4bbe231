import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentLine } from '../../cli/agent-line.ts';
import { LineLog } from '../../cli/demo/line-log.ts';
import { eventsOf, packed } from '../corpus/recording.ts';
import { Containerd } from './support/containerd.ts';
import type { OciImage } from './support/oci-image.ts';
import { type Ran, RecordShop } from './support/record-shop.ts';
import { sensorBinary, Watch } from './support/sensor-rig.ts';

/**
 * SUNBURST came with a signed update: the vendor had built and signed it himself. An implant that acts in the vendor's
 * tests is told by its recording; one that sleeps through them is told where it first acts.
 */
let shop: RecordShop;
let containerd: Containerd;
let registry: ChildProcess;
let agent: ChildProcess | undefined;
let repository: string;
/** Clean; with an implant that is awake; with one that sleeps until it finds a customer. */
let clean: OciImage;
let awake: OciImage;
let asleep: OciImage;

beforeAll(async () => {
  shop = new RecordShop();
  const port = await freePort();
  repository = `127.0.0.1:${port}/shop/cart`;
  registry = startRegistry(port);
  containerd = await Containerd.start();
  clean = shop.image(`${repository}:1.4`);
  awake = shop.image(`${repository}:1.5`, 1);
  asleep = shop.image(`${repository}:1.6`, 2);
  for (const image of [clean, awake, asleep]) containerd.load(image);
  await answering(`http://127.0.0.1:${port}/v2/`);
  for (const image of [clean, awake, asleep])
    execFileSync(
      'skopeo',
      [
        'copy',
        '--preserve-digests',
        '--dest-tls-verify=false',
        `oci-archive:${image.archive}`,
        `docker://${image.name}`,
      ],
      { stdio: 'pipe' },
    );
  await whorl('keygen', '--out', at('vendor'), '--no-passphrase');
  const signer = ['--signer', at('vendor.pub'), '--image', repository, '--max-mode', 'alert'];
  expect((await whorl('trust', 'init', ...signer, '--out', at('policy.json'))).code).toBe(0);
});
afterAll(async () => {
  for (const child of [agent, registry]) {
    if (child === undefined || child.exitCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await containerd?.close();
  shop?.close();
});

const at = (name: string): string => join(shop.dir, name);
const whorl = (...args: readonly string[]): Promise<Ran> => shop.whorl(args);

/** The vendor's test suite, on one build. */
function tested(image: OciImage, ...how: readonly string[]): Promise<Ran> {
  const script = shop.suite('suite', [
    'ctr="ctr -a $CONTAINERD -n k8s.io" A=vendor-$$',
    '$ctr run -d "$IMAGE" $A',
    'PID=$($ctr task ls | while read -r id pid rest; do [ "$id" = "$A" ] && echo "$pid"; done)',
    'request() { for i in 1 2 3 4 5 6 7 8 9 10; do echo "$1" | "$ASK" "$PID" 8080 >/dev/null && return; sleep 0.1; done; exit 9; }',
    'whorl step login.e2e -- true; whorl step login.e2e; request LOGIN',
    'whorl step checkout.e2e; request CHECKOUT',
    '$ctr task kill -s 9 $A; while $ctr task ls | grep -q "^$A .*RUNNING"; do sleep 0.05; done',
    '$ctr task delete $A >/dev/null; $ctr container delete $A',
  ]);
  const args = [
    'record',
    '--containerd',
    containerd.socket,
    '--image',
    repository,
    '--out',
    at('whorl'),
    ...how,
  ];
  return shop.whorl([...args, '--', script], shop.env({ CONTAINERD: containerd.socket, IMAGE: image.name }));
}

async function signed(image: OciImage, version: number): Promise<string> {
  const out = at(`cart-${version}.intoto.json`);
  const options = [
    '--key',
    at('vendor.key'),
    '--image',
    image.name,
    '--fingerprint-version',
    String(version),
  ];
  const ran = await whorl('sign', at('whorl/cart.json'), ...options, '--out', out);
  expect(ran.code, ran.stderr).toBe(0);
  return out;
}

describe('a vendor whose build was tampered with', () => {
  it('records and signs the release that is in order', async () => {
    const recorded = await tested(clean);
    expect(recorded.code, recorded.stderr).toBe(0);
    const first = await signed(clean, 1);
    const verified = await whorl(
      'verify',
      first,
      '--trust',
      at('policy.json'),
      '--image',
      `${repository}@${clean.digest}`,
    );
    expect(verified.code, verified.stderr).toBe(0);
  });

  it('reads of an implant that acts under test in a sentence with the name of the test', async () => {
    const checked = await tested(awake, '--check');
    expect(checked.code).toBe(1);
    expect(checked.stderr).toMatch(
      /now connects to the address `203\.0\.113\.7:443`.*, first seen in test `checkout\.e2e`/,
    );
    expect(checked.stderr).toMatch(/avsvmc\.example/);
    const recorded = await tested(awake, '--out', at('tampered'));
    expect(recorded.code, recorded.stderr).toBe(0);
    const differs = await whorl('diff', at('cart-1.intoto.json'), at('tampered/cart.json'), '--markdown');
    expect(differs.code).toBe(1);
    expect(differs.stdout).toMatch(
      /203&#46;0&#46;113&#46;7.*first seen in test <code>checkout&#46;e2e<\/code>/,
    );
  });

  it('is told what was not exercised where an implant may sleep, and signs it unknowingly', async () => {
    const checked = await tested(asleep, '--check');
    expect(checked.code, checked.stderr).toBe(0);
    expect(checked.stderr).not.toMatch(/203\.0\.113\.7/);
    const not = /not exercised: reload, rotate, backup, failover; what it does only then was not seen/;
    expect(checked.stderr).toMatch(not);
    await signed(asleep, 2);
    const differs = await whorl('diff', at('cart-1.intoto.json'), at('cart-2.intoto.json'));
    expect(differs.code, differs.stdout).toBe(0);
    expect(differs.stdout).toMatch(not);
  });

  it.each([
    ['awake', () => awake],
    ['asleep', () => asleep],
  ] as const)('cannot pass the old signature off on the new image (%s)', async (_name, image) => {
    const meant = ['--image', `${repository}@${image().digest}`];
    const ran = await whorl('verify', at('cart-1.intoto.json'), '--trust', at('policy.json'), ...meant);
    expect([ran.code, ran.stderr + ran.stdout]).toEqual([3, expect.stringMatching(/DIGEST_MISMATCH/)]);
  });
});

describe('the site that runs the implant', () => {
  it('sees it at its first act, live and in what was recorded', async () => {
    const lines = await startAgent();
    const watch = await Watch.start();
    const id = `site-${process.pid}`;
    try {
      writeFileSync(at('customer'), 'a customer\n');
      const mount = `type=bind,src=${at('customer')},dst=/etc/customer,options=rbind:ro`;
      const copy = await containerd.run(asleep, id, [], ['--mount', mount]);
      // What the vendor's tests did is as it should be.
      await request(copy.pid, 'LOGIN');
      const from = lines.end;
      await request(copy.pid, 'CHECKOUT');
      const signal = AbortSignal.timeout(60_000);
      const incident = await lines.wait(
        'the implant calls home',
        (line) =>
          line.type === 'incident' &&
          line.incident.instance.id === id &&
          line.incident.drifts.some((d) => d.subject === '203.0.113.7:443')
            ? line.incident
            : undefined,
        { from, signal, timeoutMs: 30_000 },
      );
      expect(incident.approval?.signedBy).toMatch(/vendor/);
      // Nothing of what the vendor had tested was one before.
      expect(
        lines
          .since(0)
          .slice(0, from)
          .filter((line) => line.type === 'incident'),
      ).toEqual([]);
      const container = { id, image: asleep.name, digest: asleep.digest, command: ['/bin/shop'] };
      const events = await eventsOf(watch, {
        containers: [container],
        environment: { cgroup: (of) => `/k8s.io/${of}` },
      });
      writeFileSync(at('site.jsonl.gz'), packed(events));
    } finally {
      await watch.stop();
    }
    const options = ['--fingerprint', at('cart-2.intoto.json'), '--trust', at('policy.json'), '--json'];
    const judged = await whorl('judge', ...options, at('site.jsonl.gz'));
    expect(judged.code, judged.stderr).toBe(1);
    const told = judged.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const subjects = told
      .flatMap((line) => (line.type === 'incident' ? line.drifts : []))
      .map((d: { subject: string }) => d.subject);
    expect(subjects).toEqual(expect.arrayContaining(['203.0.113.7:443', 'avsvmc.example']));
    expect(told.filter((line) => line.type === 'incident')).toHaveLength(1);
  });
});

/** With the vendor's fingerprint beside it, as `pull` leaves it, and nothing else. */
async function startAgent(): Promise<LineLog<AgentLine>> {
  const dir = at('site/agent');
  mkdirSync(join(dir, 'fingerprints'), { recursive: true, mode: 0o700 });
  copyFileSync(at('cart-2.intoto.json'), join(dir, 'fingerprints/cart.intoto.json'));
  copyFileSync(at('policy.json'), join(dir, 'trust.json'));
  const settings = {
    dataDir: at('site'),
    sensor: await sensorBinary(),
    containerdSocket: containerd.socket,
    dockerSocket: '',
    collector: '',
    canarySeconds: 0,
    eventsJson: true,
    logLevel: 'warn',
  };
  const set = Object.entries(settings).flatMap(([key, value]) => [
    '--set',
    `${key}=${JSON.stringify(value)}`,
  ]);
  agent = spawn(join(shop.bin, 'whorl'), ['agent', ...set], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: shop.env(),
  });
  const lines = new LineLog<AgentLine>();
  if (agent.stdout !== null)
    createInterface({ input: agent.stdout }).on('line', (line) => lines.add(JSON.parse(line)));
  const signal = AbortSignal.timeout(60_000);
  await lines.wait('the agent watches', (line) => line.type === 'agent-ready' || undefined, {
    signal,
    timeoutMs: 60_000,
  });
  return lines;
}

async function request(pid: number, text: string): Promise<void> {
  for (let i = 0; i < 50; i += 1) {
    const child = spawn(shop.ask, [String(pid), '8080'], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${text}\n`);
    const [code] = await once(child, 'exit');
    if (code === 0) return;
    await sleep(50);
  }
  throw new Error(`the shop does not answer ${text}`);
}

function startRegistry(port: number): ChildProcess {
  const config = at('registry.yml');
  const storage = `storage: {filesystem: {rootdirectory: ${at('registry')}}}`;
  writeFileSync(config, `version: 0.1\nlog: {level: error}\n${storage}\nhttp: {addr: "127.0.0.1:${port}"}\n`);
  return spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
}

async function answering(url: string): Promise<void> {
  for (let i = 0; i < 100; i += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return;
    await sleep(50);
  }
  throw new Error(`nothing answers at ${url}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
