import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from '../fakes/children.ts';

/** The command line against a real collector over TLS, as from another machine: nothing but URL, authority and token. */
const dir = mkdtempSync(join(tmpdir(), 'whorl-login-'));
let child: Child;
let ready: { apiAddress: string; metricsAddress: string; bootstrapFile: string; caFile: string };

beforeAll(async () => {
  child = new Child(new URL('../fakes/collector-process.ts', import.meta.url), {
    dataDir: join(dir, 'collector'),
    listen: '127.0.0.1:0',
    httpListen: '127.0.0.1:0',
    metricsListen: '127.0.0.1:0',
    eventsJson: true,
    logLevel: 'info',
  });
  ready = (await child.line((line) => line.type === 'collector-ready')) as unknown as typeof ready;
});
afterAll(async () => {
  child.kill('SIGTERM');
  await child.ended();
  rmSync(dir, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function whorl(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ran> {
  const main = new URL('../../cli/main.ts', import.meta.url).pathname;
  const home = { HOME: dir, XDG_CONFIG_HOME: join(dir, 'config'), XDG_DATA_HOME: join(dir, 'nothing') };
  return new Promise((resolve) => {
    const ran = execFile(
      process.execPath,
      [main, ...args],
      { env: { PATH: process.env.PATH, ...home, ...env } },
      (_error, out, err) => resolve({ code: ran.exitCode ?? -1, out, err }),
    );
    ran.stdin?.end(input);
  });
}

const url = () => `https://${ready.apiAddress}`;
const loginFile = join(dir, 'config', 'whorl', 'login.json');

describe('whorl login', () => {
  let bootstrap: string;
  beforeAll(() => {
    bootstrap = readFileSync(ready.bootstrapFile, 'utf8');
  });

  it('does not send a token to whom it does not believe, nor without TLS', async () => {
    const file = ['--token-file', ready.bootstrapFile];
    const unknown = await whorl(['login', url(), ...file]);
    expect([unknown.code, unknown.err]).toEqual([
      3,
      expect.stringMatching(/is not believed: nobody you trust signed/),
    ]);
    const plain = await whorl(['login', `http://${ready.apiAddress}`, '--ca', ready.caFile, ...file]);
    expect([plain.code, plain.err]).toEqual([2, expect.stringMatching(/it is https:/)]);
    const named = await whorl([
      'login',
      url().replace('127.0.0.1', '127.0.0.2'),
      '--ca',
      ready.caFile,
      ...file,
    ]);
    expect([3, 5]).toContain(named.code);
    expect(existsSync(loginFile)).toBe(false);
  });

  it('exchanges the bootstrap token once, and keeps what it needs in a file of its own', async () => {
    const login = ['login', url(), '--ca', ready.caFile, '--token-file', '-', '--name', 'ada'];
    const dry = await whorl([...login, '--dry-run'], {}, bootstrap);
    expect([dry.code, existsSync(loginFile), existsSync(ready.bootstrapFile)]).toEqual([0, false, true]);
    const first = await whorl(login, {}, bootstrap);
    expect([first.code, first.out]).toEqual([0, `ada at ${url()}: admin\n`]);
    expect([statSync(loginFile).mode & 0o777, existsSync(ready.bootstrapFile)]).toEqual([0o600, false]);
    expect(readFileSync(loginFile, 'utf8')).not.toContain(bootstrap.trim());
    const again = await whorl(login, {}, bootstrap);
    expect([again.code, again.err]).toEqual([
      3,
      expect.stringMatching(/not the bootstrap token, or somebody has used it/),
    ]);
  });

  it('is what the next commands use, from anywhere', async () => {
    const status = await whorl(['status']);
    expect([status.code, status.out]).toEqual([
      0,
      expect.stringMatching(/collector {2}at 127\.0\.0\.1:\d+, reactions up to alert/),
    ]);
    const incidents = await whorl(['incidents']);
    expect([incidents.code, incidents.err]).toEqual([0, 'no incidents\n']);
    const mine = JSON.parse((await whorl(['login', '--status', '--json'])).out);
    expect(mine).toMatchObject({ url: url(), name: 'ada', role: 'admin' });
  });

  it('makes a token for somebody else, who sees and may no more than it says, until it is revoked', async () => {
    const make = ['login', 'token', 'create', 'ci', '--role', 'viewer', '--namespace', 'shop'];
    const without = await whorl(make);
    expect([without.code, without.err]).toEqual([2, expect.stringMatching(/add --reason/)]);
    const made = JSON.parse((await whorl([...make, '--reason', 'CHG-1', '--json'])).out) as {
      id: string;
      token: string;
    };
    const asCi = { WHORL_COLLECTOR: url(), WHORL_CA: ready.caFile, WHORL_TOKEN: made.token };
    const seen = JSON.parse((await whorl(['status', '--json'], asCi)).out);
    expect(seen.collector).not.toHaveProperty('pid');
    const listed = await whorl(['login', 'token', 'list'], asCi);
    expect([listed.code, listed.err]).toEqual([
      3,
      expect.stringMatching(/takes the role admin; your token has the role viewer/),
    ]);
    const rows = await whorl(['login', 'token', 'list']);
    expect(rows.out).toMatch(new RegExp(`${made.id} {2}ci {2}viewer of namespace shop .* by ada: CHG-1`));
    expect(rows.out).not.toContain(made.token);
    await whorl(['login', 'token', 'revoke', made.id, '--reason', 'lost']);
    expect(await whorl(['status'], asCi)).toMatchObject({
      code: 3,
      err: expect.stringMatching(/ended or was revoked/),
    });
  });

  it('tells a network that fails from a collector that refuses', async () => {
    const nobody = await whorl(['status'], { WHORL_COLLECTOR: 'https://127.0.0.1:1', WHORL_TOKEN: 'x' });
    expect([nobody.code, nobody.err]).toEqual([5, expect.stringMatching(/nothing listens there/)]);
    const file = join(dir, 'config', 'whorl', 'login.json');
    const kept = readFileSync(file, 'utf8');
    rmSync(file);
    writeFileSync(file, kept, { mode: 0o644 });
    expect(await whorl(['status'])).toMatchObject({
      code: 3,
      err: expect.stringMatching(/can be read by others/),
    });
  });

  it('forgets it', async () => {
    await whorl(['login', '--logout']);
    expect(existsSync(loginFile)).toBe(false);
    expect((await whorl(['login', '--status'])).code).toBe(2);
  });
});

describe('the listener', () => {
  it('answers what is no HTTP in the same form, and shows no secret in its log', async () => {
    const socket = connect({
      host: '127.0.0.1',
      port: Number(ready.apiAddress.split(':')[1]),
      ca: readFileSync(ready.caFile),
    });
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.write('garbage\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(text).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*this is no HTTP request/s);
    expect(child.said).toContain('/api/v1/whoami');
    expect(child.said).not.toContain('whorl_');
  });

  it('tells metrics and health without a token, on another address', async () => {
    const get = (path: string) => fetch(`http://${ready.metricsAddress}${path}`);
    expect((await get('/readyz')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toContain('whorl_agents_connected 0');
  });
});
