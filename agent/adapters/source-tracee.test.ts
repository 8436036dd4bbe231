import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TraceeServer, type TraceeServerOptions } from '../../test/fakes/tracee-server.ts';
import { SourceError } from '../ports/source.ts';
import type { SourceNote } from '../ports.ts';
import type { GrpcTransport } from './grpc-stream/connect.ts';
import { type TraceeOptions, traceeSource } from './source-tracee.ts';

let dir: string;
let servers: TraceeServer[];
let ending: AbortController;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-tracee-'));
  servers = [];
  ending = new AbortController();
});
afterEach(() => {
  ending.abort();
  for (const server of servers) server.kill();
  rmSync(dir, { recursive: true });
});

const address = (): string => `unix:${join(dir, 'tracee.sock')}`;

async function aTracee(options: TraceeServerOptions = {}): Promise<TraceeServer> {
  const server = await TraceeServer.listen(address(), options);
  servers.push(server);
  return server;
}

/** What the agent hears of Tracee. */
class Heard {
  readonly notes: SourceNote[] = [];
  bytes = 0;
  readonly #parts: Buffer[] = [];
  #changed = Promise.withResolvers<void>();
  #now = 1_000_000;
  /** Resolves when it ended; the error otherwise. */
  readonly ended: Promise<SourceError | undefined>;

  constructor(options: Partial<TraceeOptions> = {}, transport: GrpcTransport = 'http2') {
    const source = traceeSource({
      endpoints: [{ called: 'Tracee', address: address() }],
      transport,
      mask: true,
      now: () => (this.#now += 1),
      lookMs: 20,
      ...options,
    });
    const sink = {
      bytes: (bytes: Uint8Array) => {
        this.bytes += bytes.length;
        if (this.bytes < 1 << 20) this.#parts.push(Buffer.from(bytes));
        this.#tell();
      },
      note: (note: SourceNote) => {
        this.notes.push(note);
        this.#tell();
      },
    };
    this.ended = source.run(sink, ending.signal).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof SourceError) return error;
        throw error;
      },
    );
  }

  get body(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise;
  }
}

const event = Buffer.from('an event');
const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, event.length]), event]);

describe.each<GrpcTransport>(['http2', 'grpc-js'])('Tracee over %s', (transport) => {
  it('tells its version first, then every event as it came, and leaves when told', async () => {
    const tracee = await aTracee();
    const heard = new Heard({}, transport);
    await tracee.hasClients(1);
    tracee.send(event, event);
    await heard.until(() => heard.bytes >= 2 * framed.length);
    expect(heard.body).toEqual(Buffer.concat([framed, framed]));
    expect(heard.notes[0]).toEqual({ type: 'connected', version: 'v0.24.1' });
    ending.abort();
    expect(await heard.ended).toBeUndefined();
    await tracee.hasClients(0);
  });

  it.each<[string, (tracee: TraceeServer) => void, string]>([
    ['well', (tracee) => tracee.endStreams(), 'it ended the stream'],
    ['badly', (tracee) => tracee.failStreams(13, 'out of luck'), 'out of luck'],
    ['by being killed', (tracee) => tracee.kill(), 'Tracee at unix:'],
  ])('ends %s as a source that ended', async (_, end, sentence) => {
    const tracee = await aTracee();
    const heard = new Heard({}, transport);
    await tracee.hasClients(1);
    tracee.send(event);
    await heard.until(() => heard.bytes > 0);
    end(tracee);
    const error = await heard.ended;
    expect(error).toMatchObject({ code: 'source-ended' });
    expect(error?.message).toContain(sentence);
  });

  it('hands over what came of a message before the connection was cut in its middle', async () => {
    const tracee = await aTracee();
    const heard = new Heard({}, transport);
    await tracee.hasClients(1);
    tracee.send(event, Buffer.alloc(32 << 20));
    await heard.until(() => heard.bytes >= framed.length);
    tracee.kill();
    expect(await heard.ended).toMatchObject({ code: 'source-ended' });
    expect(heard.body.subarray(0, framed.length)).toEqual(framed);
    expect(heard.bytes).toBeLessThan(32 << 20);
  });

  it('takes a flood without a pause or a loss', { timeout: 60_000 }, async () => {
    const tracee = await aTracee();
    const heard = new Heard({}, transport);
    await tracee.hasClients(1);
    const count = transport === 'http2' ? 200_000 : 20_000;
    const message = Buffer.alloc(570, 7);
    await tracee.flood(message, count);
    await heard.until(() => heard.bytes === count * 575);
    expect(heard.notes.filter((n) => n.type === 'gap')).toEqual([]);
  });
});

describe('Tracee', () => {
  it.each([
    ['v0.24.1', true],
    ['0.23.0', true],
    ['v0.22.5', true],
    // The field was called otherwise.
    ['v0.22.4', false],
    // All streams share one event there: our mask would be everybody's.
    ['v0.24.1-93-g1a2b3c4', false],
    ['v0.25.0', false],
    ['main', false],
    ['', false],
  ])('of version %j is asked for some fields only: %s', async (version, isMasked) => {
    const tracee = await aTracee({ version });
    const heard = new Heard();
    await tracee.hasClients(1);
    const [asked] = tracee.asked;
    expect(asked?.policies).toEqual([]);
    const paths = asked?.mask?.paths ?? [];
    expect(paths.length > 0).toBe(isMasked);
    if (isMasked) expect(paths).toContain('workload.process.host_pid');
    expect(heard.notes[0]).toEqual({ type: 'connected', version });
  });

  it('is asked for everything when told so', async () => {
    const tracee = await aTracee();
    new Heard({ mask: false });
    await tracee.hasClients(1);
    expect(tracee.asked[0]?.mask?.paths ?? []).toEqual([]);
  });

  it('is found at the second address when nobody is at the first', async () => {
    const tracee = await aTracee();
    const nowhere = { called: 'Tracee', address: 'unix:/nowhere/tracee.sock' };
    new Heard({ endpoints: [nowhere, { called: 'Tracee', address: address() }] });
    await tracee.hasClients(1);
  });

  it('that is nowhere is said to be at neither address', async () => {
    const endpoints = [
      { called: 'Tracee', address: 'unix:/nowhere/tracee.sock' },
      { called: 'Tracee', address: 'unix:/elsewhere/tracee.sock' },
    ] as const;
    const error = await new Heard({ endpoints }).ended;
    expect(error?.code).toBe('unreachable');
    expect(error?.message).toContain('unix:/nowhere/tracee.sock: there is no such socket');
    expect(error?.message).toContain('nor is it at unix:/elsewhere/tracee.sock');
  });

  it('returns with another version, which is told anew', async () => {
    const first = await aTracee({ version: 'v0.23.2' });
    const before = new Heard();
    await first.hasClients(1);
    first.kill();
    await before.ended;
    const second = await aTracee({ version: 'v0.24.1' });
    const after = new Heard();
    await second.hasClients(1);
    expect(after.notes[0]).toEqual({ type: 'connected', version: 'v0.24.1' });
  });

  it('that lost events makes a gap of what it lost since the last look, and of nothing before', async () => {
    const tracee = await aTracee();
    tracee.metrics.LostEvCount = 1_000;
    const heard = new Heard();
    await tracee.hasClients(1);
    tracee.send(event);
    await heard.until(() => heard.bytes > 0);
    // Behind the first look.
    await heard.until(() => heard.notes.length === 2);
    tracee.metrics.LostEvCount += 7;
    await heard.until(() => heard.notes.length > 2);
    const [, , gap] = heard.notes;
    expect(gap).toMatchObject({ type: 'gap', lost: 7, reason: 'Tracee lost events before anybody saw them' });
    if (gap?.type === 'gap') expect(gap.until).toBeGreaterThan(gap.since);
  });

  it('that is quiet is left alone', async () => {
    const tracee = await aTracee();
    const heard = new Heard({ lookMs: 5 });
    await tracee.hasClients(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    tracee.send(event);
    await heard.until(() => heard.bytes > 0);
    expect(heard.notes.map((n) => n.type)).toEqual(['connected', 'watching']);
  });

  it('is said to be watched when it has our request for events', async () => {
    const tracee = await aTracee();
    const heard = new Heard();
    await heard.until(() => heard.notes.some((n) => n.type === 'watching'));
    expect(tracee.clients).toBe(1);
  });

  it('is not said to be watched before it has answered behind that request', async () => {
    const tracee = await aTracee();
    tracee.isDeaf = true;
    const heard = new Heard({ patienceMs: 100 });
    expect(await heard.ended).toMatchObject({ code: 'wedged' });
    expect(heard.notes.map((n) => n.type)).toEqual(['connected']);
  });

  it('that counts events and hands us none is wedged', async () => {
    const tracee = await aTracee();
    tracee.isMute = true;
    const heard = new Heard();
    const counting = setInterval(() => tracee.send(event), 5);
    const error = await heard.ended;
    clearInterval(counting);
    expect(error).toMatchObject({ code: 'wedged' });
    expect(error?.message).toContain('it counts events and hands us none');
    expect(error?.message).toContain('restart it');
  });

  it('whose kernel side loses while it hands over nothing is wedged, by another client', async () => {
    const tracee = await aTracee();
    const heard = new Heard();
    const losing = setInterval(() => {
      tracee.metrics.LostEvCount += 3;
    }, 5);
    const error = await heard.ended;
    clearInterval(losing);
    expect(error).toMatchObject({ code: 'wedged' });
    expect(error?.message).toContain('another client');
    expect(heard.notes.filter((n) => n.type === 'gap').length).toBeGreaterThan(0);
  });

  it('that does not answer its counters is wedged', async () => {
    const tracee = await aTracee();
    const heard = new Heard({ patienceMs: 100 });
    await tracee.hasClients(1);
    tracee.isDeaf = true;
    expect(await heard.ended).toMatchObject({ code: 'wedged' });
  });

  it('without its diagnostic service is another service', async () => {
    await aTracee({ withDiagnostics: false });
    const error = await new Heard().ended;
    expect(error).toMatchObject({ code: 'wrong-service' });
    expect(error?.message).toContain('GetMetrics');
  });

  it('gets the error of who takes its events, and is left', async () => {
    const tracee = await aTracee();
    const source = traceeSource({
      endpoints: [{ called: 'Tracee', address: address() }],
      transport: 'http2',
      mask: true,
      now: () => 1,
    });
    const failing = {
      bytes: () => {
        throw new Error('a defect of ours');
      },
      note: () => undefined,
    };
    const run = source.run(failing, ending.signal);
    await tracee.hasClients(1);
    tracee.send(event);
    await expect(run).rejects.toThrow('a defect of ours');
    await tracee.hasClients(0);
  });
});
