import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { made } from './made-up-load.ts';
import { ObeyingAgent } from './obeying-agent.ts';

/**
 * Several agents in a process, to be killed with it. Prints a JSON line for each handful of records that survives a crash
 * from here on (`promised`), for each thing that was stopped (`done`) and for what a collector lacks (`lost`), each before
 * anything can come of it; `drained` when an agent of a process that only delivers what is left has nothing left.
 */
export interface ManyAgents {
  readonly dir: string;
  readonly address: string;
  readonly caFile: string;
  readonly commandKeyFile: string;
  readonly agents: readonly {
    readonly node: string;
    /** Records a second; 0 when only what is left is to be delivered. */
    readonly perSecond: number;
    readonly floods: boolean;
  }[];
}

const { dir, agents, ...collector }: ManyAgents = JSON.parse(process.argv[2] ?? '{}');
/** Not a multiple of the four records that belong together, so that a kill comes between them. */
const handful = 6;

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function live({ node, perSecond, floods }: ManyAgents['agents'][number]): Promise<void> {
  mkdirSync(join(dir, node), { recursive: true });
  const agent = await ObeyingAgent.open({
    ...collector,
    dir: join(dir, node),
    node,
    copies: [1, 2, 3].map((n) => `${node}-copy-${n}`),
    onDone: ({ order, ...done }) =>
      say({
        done: { ...done, node, order: order.id, orderNode: order.target.node, expires: order.expiresAt },
      }),
    onLost: (lost) => say({ lost: { node, ...lost } }),
  });
  setInterval(() => agent.heartbeat(), 2_000);
  say({ agent: agent.agent, node });
  if (perSecond > 0) await produce(agent, { node, perSecond, floods });
  else await deliver(agent, node);
}

/** What is printed was flushed before: from then on it may not be lost. */
async function produce(agent: ObeyingAgent, about: ManyAgents['agents'][number]): Promise<void> {
  const { node, perSecond, floods } = about;
  const run = randomBytes(8).toString('hex');
  for (let n = 1; ; n += handful) {
    const seqs = Array.from({ length: handful }, (_, i) => agent.put(made({ run, node, floods }, n + i)));
    void agent.spool.flush().then(() => say({ promised: { node, run, n, seqs } }));
    await sleep((handful * 1000) / perSecond);
  }
}

/** Lives on: what a flood has folded is given out while its agent is there. */
async function deliver(agent: ObeyingAgent, node: string): Promise<void> {
  await agent.drained();
  say({ drained: node, dropped: agent.spool.stats().dropped });
}

process.on('SIGTERM', () => process.exit(0));
await Promise.all(agents.map(live));
