import { printable } from '../../fingerprint/printable.ts';
import { Answer } from '../answer.ts';
import { type Finding, missing, ok, poor } from './finding.ts';

/** What only the agent's own sensor needs: the kernel's types, its rights, a compiler. */
const ofTheSensor: readonly string[] = ['btf', 'cap-bpf', 'cap-perfmon', 'compiler', 'sensor'];

/** Whether it matters on this machine: not where the agent that runs here is fed by another source. */
export function isNeeded(id: string, agent: unknown): boolean {
  const name = new Answer(agent).at('source').text('name');
  return name === '' || name === 'sensor' || !ofTheSensor.includes(id);
}

/** Whether the source of the agent that runs here delivers; of another version of it nothing is said. */
export function sourceFindings(agent: unknown): Finding[] {
  const source = new Answer(agent).at('source');
  const name = printable(source.text('name'));
  const called = [name, printable(source.text('version'))].filter((word) => word !== '').join(' ');
  const mend = 'whorl status says since when; docs/sources.md says how each source is set up';
  switch (source.text('state')) {
    case 'delivering':
      return [ok('source', `the agent is fed by ${called}`)];
    case 'starting':
      return [poor('source', `the agent waits for ${called}`, mend)];
    case 'away':
      return [missing('source', `${called} delivers nothing: ${printable(source.text('reason'))}`, mend)];
    default:
      return [];
  }
}
