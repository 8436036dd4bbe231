import { readFileSync } from 'node:fs';
import { sensorSource } from '../../../agent/adapters/source-sensor.ts';
import { createSensorNormaliser } from '../../../agent/core/normalise/sensor.ts';
import { traceeMessage } from '../../fakes/tracee-messages.ts';
import { TraceeServer } from '../../fakes/tracee-server.ts';
import { SensorAsTracee } from './sensor-as-tracee.ts';
import { sensorBinary } from './sensor-rig.ts';

/** A Tracee that reckoned when this machine booted while its clock was some milliseconds off. */
const clockErrorUs = 4_000;

/**
 * Tracee's service with what happens on this machine: the sensor looks, and what it sees is told as Tracee would tell
 * it. Tracee itself needs kernel features that not every machine has.
 */
export class TraceeOfThisNode {
  readonly server: TraceeServer;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();

  private constructor(server: TraceeServer) {
    this.server = server;
  }

  static async listen(socket: string): Promise<TraceeOfThisNode> {
    const tracee = new TraceeOfThisNode(await TraceeServer.listen(`unix:${socket}`, { dialect: 'v0.22.5' }));
    const { promise: looks, resolve } = Promise.withResolvers<void>();
    tracee.#done = tracee.#watch(resolve);
    // What starts before the sensor looks would be told without its start.
    await Promise.race([looks, tracee.#done]);
    return tracee;
  }

  async #watch(onLook: () => void): Promise<void> {
    const now = () => Date.now() * 1000;
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;
    const told = new SensorAsTracee(Math.round(now() - uptime) + clockErrorUs);
    const normaliser = createSensorNormaliser();
    const source = sensorSource({ binary: await sensorBinary(), now, ignorePids: [process.pid] });
    const bytes = (chunk: Uint8Array): void => {
      for (const event of normaliser.push(chunk))
        for (const seen of told.of(event)) this.server.send(traceeMessage(seen, 'v0.22.5'));
      // Its greeting names what it looks at.
      if (normaliser.coverage().length > 0) onLook();
    };
    await source.run({ bytes, note: () => undefined }, this.#stop.signal);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    this.server.kill();
  }
}
