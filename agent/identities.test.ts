import { expect, it } from 'vitest';
import { Counters } from './core/counters.ts';
import type { InstanceRecord } from './core/instances.ts';
import { Instances } from './core/instances.ts';
import { Identities } from './identities.ts';
import type { ContainerRuntime } from './ports/containers.ts';

const digest = (c: string): string => `sha256:${c.repeat(64)}`;

function instance(): InstanceRecord {
  const instances = new Instances({ offline: false });
  instances.learnCgroup(1, '/demo/copy-1');
  const found = instances.ofCgroup(1, 0);
  if (found === undefined) throw new Error('no instance');
  found.first = { pid: 1, start: 1 };
  found.state = 'started';
  found.live = 1;
  return found;
}

/** Asks, and gives the digest that was answered or the reason why there is none. */
function ask(
  runtime: ContainerRuntime['identify'],
  imageOf: () => unknown = () => 1,
  patienceMs = 5_000,
): Promise<string> {
  return new Promise((resolve) => {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const identities = new Identities(
      {
        runtimes: [{ name: 'fake', identify: runtime }],
        surroundings: { of: async () => undefined, host: async () => undefined },
        cluster: 'c',
        patienceMs,
        imageOf,
        counters: new Counters(),
        log,
        onKnown: (_instance, workload) => resolve(workload.subject.digest),
        onUnknown: (_instance, reason) => resolve(reason),
        onCorrected: () => undefined,
      },
      new AbortController().signal,
    );
    identities.ask(instance());
  });
}

it('asks again when a runtime fails', async () => {
  let times = 0;
  const flaky: ContainerRuntime['identify'] = async () => {
    times += 1;
    if (times === 1) throw new Error('away');
    return { id: 'i', image: 'r/x', digest: digest('a') };
  };
  expect(await ask(flaky)).toBe(digest('a'));
});

it('says so when the runtime does not answer in time', async () => {
  const broken: ContainerRuntime['identify'] = async () => {
    throw new Error('away');
  };
  expect(await ask(broken, undefined, 40)).toBe('the container runtime does not answer');
});

it('takes what an entrypoint script became for the identity, not the script', async () => {
  const answers = [digest('a'), digest('b')];
  const images = ['script', 'server', 'server', 'server'];
  expect(
    await ask(
      async () => ({ id: 'i', digest: answers.shift() ?? '' }),
      () => images.shift(),
    ),
  ).toBe(digest('b'));
});

it('keeps the answer when the process did not become anything else', async () => {
  expect(await ask(async () => ({ id: 'i', digest: digest('a') }))).toBe(digest('a'));
});

it('knows nobody without a digest', async () => {
  expect(await ask(async () => ({ id: 'i' }))).toBe('fake knows no digest of its image');
});
