import type { Event } from '../../fingerprint/event.ts';
import { Containerd } from '../e2e/support/containerd.ts';
import { Watch } from '../e2e/support/sensor-rig.ts';
import type { Daemon } from './daemon.ts';
import { type Environment, environmentsOf } from './environment.ts';
import { corpusImage } from './image.ts';
import { Pod } from './pod.ts';
import { eventsOf } from './recording.ts';

/** A containerd for the corpus, with the images it has been given. */
export class Stage {
  readonly #containerd: Containerd;
  readonly #loaded = new Set<string>();

  private constructor(containerd: Containerd) {
    this.#containerd = containerd;
  }

  static async open(): Promise<Stage> {
    return new Stage(await Containerd.start());
  }

  /**
   * Plays one scene with a pod of its own and gives what the sensor saw of the pod's containers, all of them.
   * @param act starts the container itself (`pod.start()`), so that it sees everything from the first event.
   */
  async record(
    daemon: Daemon,
    environment: string | Environment,
    act: (pod: Pod) => Promise<void>,
  ): Promise<Event[]> {
    const where = typeof environment === 'string' ? environmentOf(daemon, environment) : environment;
    const image = corpusImage(daemon);
    if (!this.#loaded.has(image.digest)) this.#containerd.load(image);
    this.#loaded.add(image.digest);
    const watch = await Watch.start();
    try {
      const pod = await Pod.make(this.#containerd, image, daemon, where);
      try {
        await act(pod).catch((cause: unknown) => {
          throw new Error(`${daemon.name} in ${where.name} said:\n${pod.log().slice(-2000)}`, { cause });
        });
        return await eventsOf(watch, pod);
      } finally {
        await pod.close();
      }
    } finally {
      await watch.stop();
    }
  }

  async close(): Promise<void> {
    await this.#containerd.close();
  }
}

function environmentOf(daemon: Daemon, name: string): Environment {
  const where = environmentsOf(daemon.name).find((e) => e.name === name);
  if (where === undefined) throw new Error(`there is no environment ${name}`);
  return where;
}
