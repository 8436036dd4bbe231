import type { Command } from 'commander';
import { ask } from './control-client.ts';
import { agentSocket, collectorSocket, dataDir, dataDirOption } from './data-dir.ts';
import type { Finding } from './doctor/finding.ts';
import { kernelFindings } from './doctor/kernel.ts';
import { kubernetesFindings } from './doctor/kubernetes.ts';
import { machineFindings } from './doctor/machine.ts';
import { sensorFinding } from './doctor/sensor.ts';
import { silenceFindings } from './doctor/silence.ts';
import { isNeeded, sourceFindings } from './doctor/source.ts';
import { exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { type Styled, styled } from './text.ts';

export function register(program: Command, io: Io): void {
  const verb = dataDirOption(
    program
      .command('doctor')
      .description('what this machine lacks to watch live, and how to mend it')
      .option('--json', 'one JSON object'),
  ).action(async (options: { json?: boolean; dataDir?: string }) => {
    const findings = await examine(dataDir(io, options.dataDir));
    if (options.json === true) io.out(JSON.stringify({ findings }));
    else for (const finding of findings) printFinding(io, finding);
    if (findings.some((f) => f.state === 'missing')) io.exit(exitCodes.incomplete);
  });
  examples(verb, [
    ['whorl doctor', 'every check, with how to mend it'],
    ['whorl doctor --json', 'the same for a script; exit 4 when something is missing'],
  ]);
}

async function examine(directory: string): Promise<Finding[]> {
  const status = { method: 'GET', path: '/status' } as const;
  const running = await isCollectorRunning(directory);
  const [agent, collector] = await Promise.all([
    ask(agentSocket(directory), 'agent', status).catch(() => undefined),
    ask(collectorSocket(directory), 'collector', { ...status, path: '/api/v1/status' }).catch(
      () => undefined,
    ),
  ]);
  const machine = [...kernelFindings(), ...(await machineFindings({ dataDir: directory, running }))];
  return [
    ...machine.filter(({ id }) => isNeeded(id, agent)),
    ...(isNeeded('sensor', agent) ? [await sensorFinding(directory)] : []),
    ...sourceFindings(agent),
    ...silenceFindings(agent, collector),
    ...kubernetesFindings(agent),
  ];
}

/** One that refuses to answer runs all the same: its port is not free for another reason. */
async function isCollectorRunning(directory: string): Promise<boolean> {
  const call = { method: 'GET', path: '/healthz' } as const;
  return ask(collectorSocket(directory), 'collector', call).then(
    (answer) => answer !== undefined,
    () => true,
  );
}

function printFinding(io: Io, finding: Finding): void {
  const mend = finding.mend === undefined ? [] : [styled('dim', `\n          ${finding.mend}`)];
  io.out([mark(finding), `  ${finding.what}`, ...mend]);
}

function mark(finding: Finding): Styled {
  switch (finding.state) {
    case 'ok':
      return styled('green', 'ok     ');
    case 'poor':
      return styled('yellow', 'poor   ');
    case 'missing':
      return styled('red', 'missing');
  }
}
