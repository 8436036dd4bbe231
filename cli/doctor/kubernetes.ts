import { labelTrouble } from '../disarm-text.ts';
import { kubernetesTold } from '../kubernetes-text.ts';
import { type Finding, ok, poor } from './finding.ts';

/** Whether the agent that runs here is told whose containers are, and what is disarmed; nothing where it does not ask. */
export function kubernetesFindings(agent: unknown): Finding[] {
  const told = kubernetesTold(agent);
  if (told === undefined) return [];
  const what = `the Kubernetes API ${told.what}`;
  const labels = labelTrouble(agent);
  return [
    told.isFine ? ok('kubernetes', what) : poor('kubernetes', what, told.mend ?? ''),
    ...(labels === undefined ? [] : [poor('labels', `labels that disarm namespaces are ${labels}`, mend)]),
  ];
}

const mend = 'mend what it says; apply deploy/kubernetes/agent-rbac.yaml';
