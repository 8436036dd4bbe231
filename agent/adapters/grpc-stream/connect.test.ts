import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../../test/fakes/certificates.ts';
import { ping, settings } from '../../../test/fakes/http2-script.ts';
import { SourceError } from '../../ports/source.ts';
import { ask } from './ask.ts';
import { connectGrpc, type GrpcTransport } from './connect.ts';
import type { GrpcEndpoint } from './grpc.ts';

let made: Certificates;
beforeAll(async () => {
  made = await makeCertificates();
});
afterAll(() => rmSync(made.dir, { recursive: true }));

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const asIs = (bytes: Buffer): Buffer => bytes;
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
const service = {
  Echo: method('/test.Service/Echo', false, false),
  Count: method('/test.Service/Count', false, true),
  Talk: method('/test.Service/Talk', true, true),
};

/** A gRPC server of grpc-js. @returns its address */
async function aServer(
  credentials = ServerCredentials.createInsecure(),
  address = '127.0.0.1:0',
): Promise<string> {
  const server = new Server();
  server.addService(service, {
    Echo: (call: { request: Buffer }, done: (error: object | null, answer?: Buffer) => void) => {
      const text = call.request.toString();
      if (text === 'never') return;
      if (text === 'refuse') done({ code: 7, details: 'not you' });
      else done(null, text === 'large' ? Buffer.alloc(5 << 20) : call.request);
    },
    Count: (call: ServerWritableStream<Buffer, Buffer>) => {
      for (let i = 0; i < call.request.length; i++) call.write(Buffer.from([i]));
      call.end();
    },
    Talk: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (asked: Buffer) => call.write(Buffer.from(`you said ${asked.toString()}`)));
      call.on('end', () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  closing.push(() => server.forceShutdown());
  return address.startsWith('unix:') ? address : `127.0.0.1:${port}`;
}

function tls(files: { certificate: string; key: string }, clientCa?: string): ServerCredentials {
  const pair = { cert_chain: readFileSync(files.certificate), private_key: readFileSync(files.key) };
  const ca = clientCa === undefined ? null : readFileSync(clientCa);
  return ServerCredentials.createSsl(ca, [pair], clientCa !== undefined);
}

async function listening(server: NetServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function refusalOf(
  endpoint: Partial<GrpcEndpoint> & { address: string },
  transport: GrpcTransport,
): Promise<SourceError> {
  const whole = { called: 'Tracee', ...endpoint };
  try {
    const connection = await connectGrpc(whole, transport);
    closing.push(() => connection.close());
    // TLS 1.3 has shaken hands before it looks at a client's certificate.
    await ask(connection, service.Echo.path, Buffer.from('hello'), { timeoutMs: 5_000, maxBytes: 100 });
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('it was let in');
}

describe.each<GrpcTransport>(['http2', 'grpc-js'])('a connection over %s', (transport) => {
  const hello = Buffer.from('hello');
  const limits = { timeoutMs: 5_000, maxBytes: 100 };

  async function greets(endpoint: Partial<GrpcEndpoint> & { address: string }): Promise<void> {
    const connection = await connectGrpc({ called: 'Tracee', ...endpoint }, transport);
    closing.push(() => connection.close());
    expect(Buffer.from(await ask(connection, service.Echo.path, hello, limits))).toEqual(hello);
  }

  it('asks over a unix socket', async () => {
    await greets({ address: await aServer(undefined, `unix:${join(made.dir, `${transport}.sock`)}`) });
  });

  it('asks over TCP', async () => {
    await greets({ address: await aServer() });
  });

  it('asks over TLS', async () => {
    await greets({ address: await aServer(tls(made.server)), ca: made.ca });
  });

  it('asks over TLS by a name that is not its address', async () => {
    await greets({ address: await aServer(tls(made.elsewhere)), ca: made.ca, name: 'elsewhere.example' });
  });

  it('shows its certificate to a server that asks', async () => {
    await greets({ address: await aServer(tls(made.server, made.ca)), ca: made.ca, ...made.client });
  });

  it('streams, and ends with the status', async () => {
    const connection = await connectGrpc({ called: 'Tracee', address: await aServer() }, transport);
    closing.push(() => connection.close());
    const got: Buffer[] = [];
    const call = connection.stream(service.Count.path, Buffer.alloc(3), (bytes) =>
      got.push(Buffer.from(bytes)),
    );
    const end = await call.ended;
    expect(end.status).toBe(0);
    expect(end.error).toMatchObject({ code: 'source-ended' });
    expect(Buffer.concat(got).toString('hex')).toBe('000000000100' + '000000000101' + '000000000102');
  });

  it('asks on, and cancels', async () => {
    const connection = await connectGrpc({ called: 'Falco', address: await aServer() }, transport);
    closing.push(() => connection.close());
    const { promise, resolve } = Promise.withResolvers<void>();
    let heard = '';
    const call = connection.duplex(service.Talk.path, Buffer.from('one'), (bytes) => {
      heard += Buffer.from(bytes).toString('latin1').slice(5);
      if (heard === 'you said one') expect(call.write(Buffer.from('two'))).toBe(true);
      if (heard.endsWith('two')) resolve();
    });
    await promise;
    await call.cancel();
    expect((await call.ended).status).toBe(1);
    expect(call.write(hello)).toBe(false);
  });

  it('ends each call when it is closed', async () => {
    const connection = await connectGrpc({ called: 'Falco', address: await aServer() }, transport);
    const call = connection.duplex(service.Talk.path, hello, () => undefined);
    connection.close();
    expect((await call.ended).status).toBeGreaterThan(0);
  });

  it('takes an answer that is longer than gRPC libraries allow, up to its own bound', async () => {
    const endpoint = { called: 'Tracee', address: await aServer(tls(made.server)), ca: made.ca };
    const connection = await connectGrpc(endpoint, transport);
    closing.push(() => connection.close());
    const large = Buffer.from('large');
    const options = { timeoutMs: 5_000, maxBytes: 8 << 20 };
    expect(await ask(connection, service.Echo.path, large, options)).toHaveLength(5 << 20);
    await expect(ask(connection, service.Echo.path, large, limits)).rejects.toMatchObject({
      code: 'wrong-service',
    });
  });

  it('says that it got no answer', async () => {
    const connection = await connectGrpc({ called: 'Tracee', address: await aServer() }, transport);
    closing.push(() => connection.close());
    const asked = ask(connection, service.Echo.path, Buffer.from('never'), { timeoutMs: 50, maxBytes: 9 });
    await expect(asked).rejects.toMatchObject({
      code: 'wedged',
      message: expect.stringContaining('within 50 ms'),
    });
  });

  it.each([
    [
      'a method it does not know',
      '/other.Service/Echo',
      'hello',
      'wrong-service',
      'it knows no /other.Service/Echo',
    ],
    ['what it may not ask', '/test.Service/Echo', 'refuse', 'no-permission', 'not you'],
  ])('says of %s what it was told', async (_, path, text, code, sentence) => {
    const connection = await connectGrpc({ called: 'Tracee', address: await aServer() }, transport);
    closing.push(() => connection.close());
    await expect(ask(connection, path, Buffer.from(text), limits)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(sentence),
    });
  });

  it.each<[string, () => Promise<Partial<GrpcEndpoint> & { address: string }>, SourceError['code'], string]>([
    [
      'no socket',
      async () => ({ address: 'unix:/nowhere/tracee.sock' }),
      'unreachable',
      'there is no such socket',
    ],
    ['nobody on the port', async () => ({ address: '127.0.0.1:1' }), 'unreachable', 'nobody listens there'],
    [
      'an address that is none',
      async () => ({ address: 'tracee' }),
      'bad-setting',
      'unix:/path or host:port',
    ],
    [
      'no such file of an authority',
      async () => ({ address: await aServer(), ca: '/nowhere/ca.pem' }),
      'wrong-certificate',
      'sourceCa /nowhere/ca.pem cannot be read (ENOENT)',
    ],
    [
      'an authority that is none',
      async () => ({ address: await aServer(tls(made.server)), ca: made.client.key }),
      'wrong-certificate',
      'sourceCa',
    ],
    [
      'a key that is another certificate’s',
      async () => ({
        address: await aServer(tls(made.server, made.ca)),
        ca: made.ca,
        certificate: made.client.certificate,
        key: made.server.key,
      }),
      'wrong-certificate',
      'is not the key of sourceCertificate',
    ],
    [
      'an expired certificate',
      async () => ({ address: await aServer(tls(made.expired)), ca: made.ca }),
      'wrong-certificate',
      'has expired; renew it',
    ],
    [
      'another authority',
      async () => ({ address: await aServer(tls(made.server)), ca: made.otherCa }),
      'wrong-certificate',
      'not issued by the authority in sourceCa',
    ],
    [
      'another name',
      async () => ({ address: await aServer(tls(made.elsewhere)), ca: made.ca }),
      'wrong-certificate',
      'say with sourceName which name it has',
    ],
    [
      'no certificate of ours',
      async () => ({ address: await aServer(tls(made.server, made.ca)), ca: made.ca }),
      'wrong-certificate',
      'give it one it knows with sourceCertificate and sourceKey',
    ],
    [
      'a certificate of ours that it does not know',
      async () => ({ address: await aServer(tls(made.server, made.ca)), ca: made.ca, ...made.otherClient }),
      'wrong-certificate',
      'give it one it knows with sourceCertificate and sourceKey',
    ],
    [
      'a server without TLS',
      async () => ({ address: await aServer(), ca: made.ca }),
      'wrong-service',
      'it does not speak TLS',
    ],
    [
      'a web server',
      async () => ({ address: await listening(createHttp((_, r) => r.end('hello'))) }),
      'wrong-service',
      'it does not speak HTTP/2',
    ],
    [
      'a web server over TLS',
      async () => ({
        address: await listening(
          createTls({
            cert: readFileSync(made.server.certificate),
            key: readFileSync(made.server.key),
            ALPNProtocols: ['http/1.1'],
          }),
        ),
        ca: made.ca,
      }),
      'wrong-service',
      'it speaks TLS and not HTTP/2',
    ],
    [
      'one that hangs up',
      async () => ({ address: await listening(createServer((socket) => socket.destroy())) }),
      'wrong-service',
      'it hangs up',
    ],
  ])('is refused by %s with a sentence', async (_, endpoint, code, sentence) => {
    const error = await refusalOf(await endpoint(), transport);
    expect(error.message).toContain(sentence);
    // What is wrong on our side is about a setting; all else is about somebody.
    expect(error.message).toMatch(/^(Tracee at |source(Ca|Key) )/);
    expect(error.code).toBe(code);
  });
});

describe('a connection over http2', () => {
  it('says of a server with TLS that it has it', async () => {
    const error = await refusalOf({ address: await aServer(tls(made.server)) }, 'http2');
    expect(error).toMatchObject({ code: 'wrong-service', message: expect.stringContaining('with sourceCa') });
  });

  it('lets go of a server that pings and pings and reads no answer', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pause();
      socket.write(settings());
      socket.write(Buffer.concat(Array(400_000).fill(ping())));
    });
    const connection = await connectGrpc({ called: 'Tracee', address: await listening(server) }, 'http2');
    const end = await connection.stream('/a.B/C', Buffer.alloc(0), () => undefined).ended;
    expect(end.error.message).toContain('it asks and does not read our answers');
  });

  it('says of a file that is no socket that nobody listens', async () => {
    const file = join(made.dir, 'file');
    writeFileSync(file, '');
    const error = await refusalOf({ address: `unix:${file}` }, 'http2');
    expect(error).toMatchObject({ code: 'unreachable' });
  });
});
