import { describe, expect, it } from 'vitest';
import { fakeIo } from '../test/fakes/io.ts';
import { main } from './main.ts';
import { readSettings } from './settings.ts';

describe('readSettings', () => {
  it('takes JSON where it is JSON, else the text itself', async () => {
    const set = ['port=1', 'names=["a"]', 'path=/a b', 'flag=true', 'text="1"', 'equals=a=b'];
    expect((await readSettings(fakeIo(), { set })).flags).toEqual({
      port: 1,
      names: ['a'],
      path: '/a b',
      flag: true,
      text: '1',
      equals: 'a=b',
    });
  });

  it('takes the data directory from the flag, else from the environment', async () => {
    const io = fakeIo({}, { env: { WHORL_DATA_DIR: '/e' } });
    expect((await readSettings(io, { set: [] })).flags).toEqual({ dataDir: '/e' });
    expect((await readSettings(io, { set: [], dataDir: '/f' })).flags).toEqual({ dataDir: '/f' });
  });

  it('refuses what is no setting', async () => {
    await expect(readSettings(fakeIo(), { set: ['x'] })).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe.each(['agent', 'collector'])('whorl %s with a wrong configuration', (daemon) => {
  const run = async (config: string) => {
    const io = fakeIo({ 'c.json': config });
    await main([daemon, '--config', 'c.json', '--set', 'logLevel=loud'], io);
    return io;
  };

  it('tells all problems at once, in one sentence naming the file', async () => {
    const io = await run('{"dataDirectory":"/x","eventsJson":"yes"}');
    expect(io.stderr).toHaveLength(1);
    expect(io.stderr[0]).toMatch(
      /^whorl: c\.json: .*dataDirectory.*; eventsJson must be true or false; logLevel must be one of/,
    );
    expect(io.exitCode).toBe(2);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['empty', ''],
  ])('refuses %s', async (_name, config) => {
    const io = await run(config);
    expect(io.stderr[0]).toMatch(/^whorl: c\.json/);
    expect(io.exitCode).toBe(2);
  });
});
