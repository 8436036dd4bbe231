import { kubernetesTold } from '../kubernetes-text.ts';
import { type Finding, ok, poor } from './finding.ts';

/** Whether the agent that runs here is told whose containers are; nothing where it does not ask. */
export function kubernetesFindings(agent: unknown): Finding[] {
  const told = kubernetesTold(agent);
  if (told === undefined) return [];
  const what = `the Kubernetes API ${told.what}`;
  return [told.isFine ? ok('kubernetes', what) : poor('kubernetes', what, told.mend ?? '')];
}
