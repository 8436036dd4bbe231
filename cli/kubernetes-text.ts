import { printable } from '../fingerprint/printable.ts';
import { Answer } from './answer.ts';
import { counted } from './known-file.ts';

/** What an agent's status says of the Kubernetes API; undefined where it is not asked. */
export interface KubernetesTold {
  readonly isFine: boolean;
  /** Goes on after "kubernetes" or "the Kubernetes API". */
  readonly what: string;
  /** What to do; absent when it is fine. */
  readonly mend?: string;
}

export function kubernetesTold(status: unknown): KubernetesTold | undefined {
  const agent = new Answer(status);
  const kubernetes = agent.at('kubernetes');
  const without = kubernetes.number('withoutPod');
  const meanwhile =
    without === 0 ? '' : `; ${counted(without, 'container runs', 'containers run')} without a known owner`;
  switch (kubernetes.text('state')) {
    case 'reached': {
      const pods = kubernetes.number('pods');
      const what = `tells of ${counted(pods, 'pod')}${meanwhile}`;
      if (pods > 0 || without === 0)
        return { isFine: without === 0, what, ...(without === 0 ? {} : { mend: late }) };
      const node = printable(agent.text('node'));
      return { isFine: false, what: `knows no pod on a node ${node}${meanwhile}`, mend: namedOtherwise };
    }
    case 'away':
      return {
        isFine: false,
        what: `tells nothing: ${printable(kubernetes.text('reason'), 1_000)}${meanwhile}`,
        mend: away,
      };
    case 'waiting':
      return { isFine: true, what: 'is being asked' };
    default:
      return undefined;
  }
}

const late = 'they are told of in a moment, or are in pods that the API does not know';
const namedOtherwise = "set `node` to this node's name in Kubernetes (kubectl get nodes)";
const away =
  'containers that start meanwhile are learned apart and their probes are told as somebody who enters; mend what it says';
