import { describe, expect, it } from 'vitest';
import { parseInstance } from '../../fingerprint/workload-json.ts';
import { instanceId } from './instances.ts';

describe('instanceId', () => {
  it.each(['/system.slice/nginx.service', 'ab'.repeat(32), '/caf\u00e9'])('of %s is itself', (name) =>
    expect(instanceId(name)).toBe(name),
  );

  it.each([
    ['control characters', '/a\u001b[2J'],
    ['another direction', '/a\u202e'],
    ['great length', `/${'a'.repeat(4000)}`],
    ['great length in escapes', '\u001b'.repeat(4000)],
  ])('of a name of %s is one that a report is taken with', (_what, name) => {
    const id = instanceId(name);
    expect(parseInstance({ id, node: 'n', startedAt: 1 }, 'instance').id).toBe(id);
    expect(instanceId(`${name}b`)).not.toBe(id);
  });

  it('keeps a name apart from one that is written as it is shown', () => {
    expect(instanceId('/a\u001b')).not.toBe(instanceId('/a\\x1b'));
  });
});
