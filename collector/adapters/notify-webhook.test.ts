import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aNotice } from '../../test/fakes/notices.ts';
import { type Answer, status, webhookReceiver } from '../../test/fakes/webhook-receiver.ts';
import { readSinks } from '../core/notify-sinks.ts';
import type { Delivery, Notifier } from '../ports/notifier.ts';
import { type Resolve, webhook } from './notify-webhook.ts';

const secrets = ['a', 'b'].map((fill) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`);
const never = new AbortController().signal;
let dir: string;
let secretFile: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-webhook-'));
  secretFile = join(dir, 'secret');
  writeFileSync(secretFile, `${secrets[0]}\n`, { mode: 0o600 });
});
afterAll(() => rmSync(dir, { recursive: true }));

function read(settings: object, resolve?: Resolve) {
  const kind = webhook({ now: Date.now, version: '1', ...(resolve === undefined ? {} : { resolve }) });
  return readSinks<Notifier>([{ name: 'hook', type: 'webhook', secretFile, ...settings }], [kind]);
}

function notifier(settings: object, resolve?: Resolve): Notifier {
  const { sinks, problems } = read(settings, resolve);
  if (sinks[0] === undefined) throw new Error(problems.join('; '));
  return sinks[0].notifier;
}

describe('what is sent', () => {
  it('is what an independent verifier of Standard Webhooks believes', async () => {
    await using receiver = await webhookReceiver();
    const hook = notifier({ url: receiver.url, allowPrivate: true });
    expect(await hook.deliver(aNotice(1, { title: 'café ☃' }), never)).toEqual({ result: 'delivered' });
    const [first] = receiver.received;
    const verified = new Webhook(secrets[0] ?? '').verify(first?.body ?? '', { ...first?.headers } as Record<
      string,
      string
    >);
    expect(verified).toMatchObject({
      type: 'incident.opened',
      data: { id: aNotice(1).id, title: 'café ☃', data: { n: 1 } },
    });
    expect(first?.headers['webhook-id']).toBe(aNotice(1).id);
    expect(() =>
      new Webhook(secrets[1] ?? '').verify(first?.body ?? '', { ...first?.headers } as Record<
        string,
        string
      >),
    ).toThrow();
  });

  it('is signed by every secret of the file, read anew each time, while they are rotated', async () => {
    await using receiver = await webhookReceiver();
    const rotating = join(dir, 'rotating');
    writeFileSync(rotating, secrets[0] ?? '', { mode: 0o600 });
    const hook = notifier({ url: receiver.url, allowPrivate: true, secretFile: rotating });
    await hook.deliver(aNotice(1), never);
    writeFileSync(rotating, secrets.toReversed().join('\n'));
    await hook.deliver(aNotice(1), never);
    const [before, after] = receiver.received;
    for (const secret of secrets)
      expect(
        new Webhook(secret).verify(after?.body ?? '', { ...after?.headers } as Record<string, string>),
      ).toBeTruthy();
    expect(String(after?.headers['webhook-signature']).split(' ')).toHaveLength(2);
    expect(after?.headers['webhook-id']).toBe(before?.headers['webhook-id']);
  });
});

describe('what an answer means', () => {
  const endless: Answer = (response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write(Buffer.alloc(64 * 1024)));
    };
    response.on('drain', more);
    response.on('error', () => undefined);
    more();
  };
  it.each<[string, Answer, Partial<Delivery>]>([
    ['200', status(200), { result: 'delivered' }],
    ['an answer without end', endless, { result: 'delivered' }],
    ['500', status(500), { result: 'retry', reason: 'the receiver answers 500' }],
    ['429 with seconds', status(429, { 'retry-after': '120' }), { result: 'retry', afterMs: 120_000 }],
    [
      '503 with a date that is over',
      status(503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
      { result: 'retry', afterMs: 0 },
    ],
    [
      '502 with nonsense',
      status(502, { 'retry-after': 'soon' }),
      { result: 'retry', reason: 'the receiver answers 502' },
    ],
    ['401, which may be mended', status(401), { result: 'retry' }],
    ['413', status(413), { result: 'refused' }],
    ['410', status(410), { result: 'gone' }],
    ['a cut connection', (response) => void response.destroy(), { result: 'retry' }],
  ])('%s', async (_name, answer, delivery) => {
    await using receiver = await webhookReceiver(answer);
    expect(
      await notifier({ url: receiver.url, allowPrivate: true }).deliver(aNotice(1), never),
    ).toMatchObject(delivery);
    expect(receiver.received).toHaveLength(1);
  });

  it('does not follow a redirect', async () => {
    await using trap = await webhookReceiver();
    await using receiver = await webhookReceiver(status(302, { location: trap.url }));
    const hook = notifier({ url: receiver.url, allowPrivate: true });
    expect(await hook.deliver(aNotice(1), never)).toMatchObject({
      result: 'retry',
      reason: expect.stringContaining('302'),
    });
    expect(trap.received).toHaveLength(0);
  });

  it('ends with the collector when the receiver says nothing', async () => {
    await using receiver = await webhookReceiver(() => undefined);
    const end = new AbortController();
    const delivery = notifier({ url: receiver.url, allowPrivate: true }).deliver(aNotice(1), end.signal);
    await receiver.have(1);
    end.abort();
    expect(await delivery).toMatchObject({ result: 'retry' });
  });
});

describe('where it is sent', () => {
  const resolving = (...answers: readonly (readonly string[])[]) => {
    const asked: string[] = [];
    const resolve: Resolve = async (host) => answers[Math.min(asked.push(host), answers.length) - 1] ?? [];
    return { asked, resolve };
  };

  it.each([
    ['loopback', 'https://127.0.0.1/'],
    ['loopback in decimal', 'https://2130706433/'],
    ['loopback in hex', 'https://0x7f.1/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback mapped into IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['this host', 'https://0.0.0.0/'],
    ['an address inside', 'https://192.168.1.1/'],
    ['the metadata of the cloud', 'https://169.254.169.254/latest/meta-data/'],
  ])('not to %s', async (_name, url) => {
    expect(await notifier({ url }).deliver(aNotice(1), never)).toMatchObject({
      result: 'retry',
      reason: expect.stringMatching(/^the receiver is at /),
    });
  });

  it.each([
    ['an address inside', ['10.0.0.7'], false],
    ['this machine', ['127.0.0.1'], false],
    ['a good and a bad address', ['93.184.215.14', '10.0.0.7'], false],
    ['metadata, even when private is allowed', ['169.254.169.254'], true],
    ['metadata over IPv6', ['fd00:ec2::254'], true],
  ])('not to a name that leads to %s', async (_name, addresses, allowPrivate) => {
    const { resolve } = resolving(addresses);
    const hook = notifier({ url: 'https://hooks.example/x', allowPrivate }, resolve);
    expect(await hook.deliver(aNotice(1), never)).toMatchObject({
      result: 'retry',
      reason: expect.stringMatching(/^the receiver is at /),
    });
  });

  it('to the address that was judged and no other, however the name answers later', async () => {
    await using receiver = await webhookReceiver();
    const { asked, resolve } = resolving(['127.0.0.1'], ['169.254.169.254']);
    const hook = notifier({ url: `http://localhost:${receiver.port}/`, allowPrivate: true }, resolve);
    expect(await hook.deliver(aNotice(1), never)).toEqual({ result: 'delivered' });
    expect(asked).toEqual(['localhost']);
    expect(await hook.deliver(aNotice(2), never)).toMatchObject({ result: 'retry' });
    expect(receiver.received).toHaveLength(1);
  });

  it('not in the clear beyond this machine, though localhost be said to be elsewhere', async () => {
    const { resolve } = resolving(['10.0.0.7']);
    const hook = notifier({ url: 'http://localhost/', allowPrivate: true }, resolve);
    expect(await hook.deliver(aNotice(1), never)).toMatchObject({ reason: expect.stringContaining('https') });
  });

  it('says nothing of the path, which is often a secret', async () => {
    const hook = notifier({ url: 'https://hooks.example/T0/B0/hush' }, async () => {
      throw new Error('getaddrinfo ENOTFOUND hooks.example');
    });
    expect(JSON.stringify(await hook.deliver(aNotice(1), never))).not.toContain('hush');
  });
});

describe('settings', () => {
  const bad = (name: string, content: string, mode = 0o600) => {
    const path = join(dir, name);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  it.each<[string, () => object, RegExp]>([
    ['no URL', () => ({}), /notify\[0\]\.url must be the address/],
    ['http elsewhere', () => ({ url: 'http://example.org/' }), /https:\/\/; http is for this machine alone/],
    ['another protocol', () => ({ url: 'file:///etc/passwd' }), /must begin with https/],
    ['a password', () => ({ url: 'https://a:b@example.org/' }), /user or password/],
    [
      'a secret that others can read',
      () => ({ url: 'https://x/', secretFile: bad('open', secrets[0] ?? '', 0o644) }),
      /0600/,
    ],
    ['no secret', () => ({ url: 'https://x/', secretFile: join(dir, 'none') }), /no such file/],
    [
      'a short secret',
      () => ({ url: 'https://x/', secretFile: bad('short', 'whsec_YWJj') }),
      /line 1 must be whsec_/,
    ],
    [
      'a mistyped member',
      () => ({ url: 'https://x/', allowprivate: true }),
      /allowprivate is not known here/,
    ],
  ])('%s is refused', (_name, settings, problem) => {
    expect(read(settings()).problems.join('\n')).toMatch(problem);
  });

  it('never shows what is in the secret file', () => {
    const { problems } = read({ url: 'https://x/', secretFile: bad('odd', 'hunter2hunter2') });
    expect(problems.join()).not.toContain('hunter2');
  });
});
