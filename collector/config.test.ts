import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config/document.ts';
import { describeCollectorConfig, parseCollectorConfig } from './config.ts';

describe('parseCollectorConfig', () => {
  it('has a default for everything', () => {
    expect(parseCollectorConfig({})).toMatchObject({
      listen: '127.0.0.1:7443',
      mode: 'alert',
      stopsPerWorkload: 3,
    });
  });

  it('lets flags win over the file', () => {
    expect(parseCollectorConfig({ mode: 'kill' }, { mode: 'freeze', listen: undefined }).mode).toBe('freeze');
  });

  it('tells all problems at once', () => {
    const problems = () =>
      parseCollectorConfig({ mode: 'angry', stopsPerWorkload: -1, nodeShare: 2, stops_per_cluster: 1, x: 1 });
    expect(problems).toThrow(ConfigError);
    expect(problems).toThrow(/mode must be one of/);
    expect(problems).toThrow(/stopsPerWorkload must be a whole number from 0/);
    expect(problems).toThrow(/nodeShare must be a number from 0 to 1/);
    expect(problems).toThrow(/did you mean stopsPerCluster/);
    expect(problems).toThrow(/"x" is no key/);
  });

  it.each<[string, object, RegExp]>([
    ['no port', { listen: 'localhost' }, /host:port/],
    ['a port that is none', { listen: 'localhost:70000' }, /host:port/],
    ['unencrypted beyond loopback', { listen: '0.0.0.0:7443', insecureLoopback: true }, /loopback/],
    [
      'unencrypted to a name that begins like loopback',
      { listen: '127.evil.example:1', insecureLoopback: true },
      /loopback/,
    ],
    ['a file that is a list', [], /JSON object/],
    ['a hostile key', { '\u001b[2J': 1 }, /"\\u001b/],
  ])('refuses %s', (_name, file, message) => {
    expect(() => parseCollectorConfig(file)).toThrow(message);
  });

  it.each(['unix:/run/x.sock', '[::1]:0', '127.0.0.1:0'])('takes %s unencrypted', (listen) => {
    expect(parseCollectorConfig({ listen, insecureLoopback: true }).listen).toBe(listen);
  });

  it('describes every key', () => {
    for (const key of Object.keys(parseCollectorConfig({})))
      expect(describeCollectorConfig()).toContain(`\`${key}\``);
  });
});
