import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config/document.ts';
import { describeAgentConfig, parseAgentConfig } from './config.ts';

function problemsOf(file: unknown, flags: Record<string, unknown> = {}): readonly string[] {
  try {
    parseAgentConfig(file, flags);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('parseAgentConfig', () => {
  it('fills in defaults', () => {
    expect(parseAgentConfig({})).toMatchObject({
      cluster: 'default',
      spoolMaxMib: 512,
      holdMinutes: 10,
      ownPids: [],
    });
  });

  it('prefers flags, which are text', () => {
    expect(parseAgentConfig({ holdMinutes: 5 }, { holdMinutes: '7', node: undefined }).holdMinutes).toBe(7);
  });

  it('tells all problems at once, each naming its key', () => {
    const problems = problemsOf({
      holdMinutes: 0,
      spoolMaxMib: '10x',
      eventsJson: 'yes',
      source: 'sysdig',
      data_dir: '/x',
      ownPids: [1, -2],
      node: 7,
    });
    expect(problems).toEqual([
      '"data_dir" is no key of this configuration; did you mean dataDir?',
      'node must be text of at most 253 characters',
      'source must be one of sensor, tracee, tetragon, falco, replay',
      'spoolMaxMib must be a whole number from 1 to 65536',
      'holdMinutes must be a whole number from 1 to 1440',
      'ownPids must be a list of at most 16 pids',
      'eventsJson must be true or false',
    ]);
  });

  it.each([[[]], [null], ['text'], [7]])('refuses %j', (file) => {
    expect(problemsOf(file)).toHaveLength(1);
  });

  it('knows no key that objects merely have', () => {
    expect(problemsOf(JSON.parse('{"constructor":1,"__proto__":{}}'))).toHaveLength(2);
  });

  it('asks for the recording it is to replay', () => {
    expect(problemsOf({ source: 'replay' })).toEqual(['recording must name a file when source is replay']);
  });

  it.each(['http://10.0.0.1:6443', '10.0.0.1:6443', 'https://user@host', 'https://host/path', 'https://'])(
    'sends no token to %s',
    (kubernetesApi) =>
      expect(problemsOf({ kubernetesApi })).toEqual([
        'kubernetesApi must be https://host:port: a token is sent there',
      ]),
  );

  it.each<[string, Record<string, unknown>, string]>([
    ['an address of nobody', { sourceAddress: 'unix:/x' }, 'source must say whose address'],
    ['metrics of nobody', { sourceMetrics: 'off' }, 'source must say whose'],
    ['metrics at no address', { source: 'falco', sourceMetrics: 'here' }, 'sourceMetrics must be http://'],
    [
      'metrics over TLS',
      { source: 'tetragon', sourceMetrics: 'https://h:1/m' },
      'sourceMetrics must be http://',
    ],
    ['half a pair', { source: 'falco', sourceKey: '/k' }, 'must be given together'],
    [
      'a certificate that would be shown to nobody',
      { source: 'tracee', sourceCertificate: '/c', sourceKey: '/k' },
      'sourceCa must be given',
    ],
    [
      'a name nobody shows',
      { source: 'falco', sourceAddress: 'grpc:h:1', sourceName: 'n' },
      'sourceCa must be',
    ],
  ])('refuses %s', (_name, file, problem) => {
    expect(problemsOf(file)).toEqual([expect.stringContaining(problem)]);
  });

  it('lets one look through the sensor with the settings of another source in the file', () => {
    expect(problemsOf({ source: 'tracee', sourceAddress: 'unix:/x' }, { source: 'sensor' })).toEqual([]);
  });

  it('describes every key on one line', () => {
    expect(describeAgentConfig()).toContain('| `holdMinutes` | `10` | a whole number from 1 to 1440 |');
    expect(describeAgentConfig().trim().split('\n')).toHaveLength(
      2 + Object.keys(parseAgentConfig({})).length,
    );
  });
});
