import { printable } from '../../fingerprint/printable.ts';
import { blindness } from '../status-text.ts';
import { type Finding, missing, ok, poor } from './finding.ts';

/**
 * Whether what runs here sees what it does on purpose (DESIGN §4), from what agent and collector answer; either may not
 * run, or be of another version.
 */
export function silenceFindings(agent: unknown, collector: unknown): Finding[] {
  return [...ownFindings(member(agent, 'canary')), ...nodeFindings(list(member(collector, 'agents')))];
}

function ownFindings(canary: unknown): Finding[] {
  switch (member(canary, 'state')) {
    case 'seeing':
      return [ok('canary', 'the agent sees what it does on purpose')];
    case 'blind':
      return [
        missing(
          'canary',
          'the agent does not see what it does on purpose',
          'restart it; see the other findings',
        ),
      ];
    case 'impossible':
      return [
        poor(
          'canary',
          `the agent cannot test whether it sees anything: ${printable(String(member(canary, 'reason')))}`,
          'where the sensor is the source, run it as root with cgroups writable; other sources are watched by their own counters',
        ),
      ];
    default:
      return [];
  }
}

function nodeFindings(agents: readonly unknown[]): Finding[] {
  return agents
    .filter((a) => member(a, 'connected') === true && member(member(a, 'canary'), 'state') === 'blind')
    .map((a) => {
      const node = printable(String(member(a, 'node')));
      return missing(`blind-${node}`, `node ${node} is blind`, blindness);
    });
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
