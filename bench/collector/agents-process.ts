import type { NodeCertificate } from '../../agent/ports/uplink.ts';
import { minted } from '../../test/fakes/enrolled.ts';
import { BenchAgent } from './agents.ts';
import { driftsOf, nodeName } from './drifts.ts';
import type { Load, ToAgents } from './protocol.ts';

/** Some of the agents, in a process of their own: what a node spends is not the collector's. */

/** Handshakes at a time: a collector gives up on those that take ten seconds. */
const atOnce = 10;

interface Enrolled {
  readonly node: number;
  readonly shown: NodeCertificate;
}

const enrolled: Enrolled[] = [];
let fleet: { readonly node: number; readonly agent: BenchAgent }[] = [];
let loads: { readonly agent: BenchAgent; readonly batches: readonly Buffer[] }[] = [];

async function mint({ caFile, from, count }: Extract<ToAgents, { ask: 'mint' }>): Promise<void> {
  for (let node = from; node < from + count; node++)
    enrolled.push({ node, shown: await minted(caFile, { node: nodeName(node), cluster: 'default' }) });
}

async function connect(address: string): Promise<void> {
  for (let at = 0; at < enrolled.length; at += atOnce) {
    const some = enrolled
      .slice(at, at + atOnce)
      .map(({ node, shown }) => ({ node, agent: new BenchAgent(address, shown, nodeName(node)) }));
    fleet.push(...some);
    await Promise.all(some.map(({ agent }) => agent.welcomed()));
  }
}

function load(about: Load): void {
  loads = fleet.map(({ node, agent }) => ({
    agent,
    batches: agent.encode(driftsOf(node, about).map(({ json }) => json)),
  }));
}

async function answer(asked: ToAgents): Promise<unknown> {
  switch (asked.ask) {
    case 'mint':
      return await mint(asked);
    case 'connect':
      return await connect(asked.address);
    case 'load':
      return load(asked.load);
    case 'send':
      return await Promise.all(loads.map(({ agent, batches }) => agent.send(batches)));
    case 'ordered':
      return await Promise.all(fleet.map(({ agent }) => agent.ordered()));
    case 'close':
      for (const { agent } of fleet) agent.close();
      fleet = [];
      return;
  }
}

process.on('message', (asked: ToAgents) => {
  void answer(asked).then((value) => process.send?.({ value: value ?? null }));
});
process.on('disconnect', () => process.exit(0));
