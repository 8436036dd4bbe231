import { CliError, exitCodes } from './exit.ts';

export interface PlaceOptions {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly workload?: string;
}

/** `--cluster C`, `--namespace C/N` or `--workload C/N/OWNER` as the API has it. @throws CliError */
export function disarmScope({ cluster, namespace, workload }: PlaceOptions): object {
  const said = [cluster, namespace, workload].filter((text) => text !== undefined);
  if (said.length !== 1)
    throw new CliError(
      exitCodes.usage,
      'name one place: --cluster, --namespace or --workload, or say --local',
    );
  if (cluster !== undefined) return { kind: 'cluster', cluster };
  const [inCluster = '', name = '', ...owner] = (namespace ?? workload ?? '').split('/');
  const isWhole = inCluster !== '' && name !== '';
  if (namespace !== undefined && isWhole && owner.length === 0)
    return { kind: 'namespace', cluster: inCluster, namespace: name };
  // An owner is `Deployment/cart`: what comes after the namespace is its.
  if (workload !== undefined && isWhole && owner.length > 0)
    return { kind: 'workload', cluster: inCluster, namespace: name, owner: owner.join('/') };
  throw new CliError(
    exitCodes.usage,
    namespace === undefined
      ? '--workload is CLUSTER/NAMESPACE/OWNER, for example prod/shop/Deployment/cart'
      : '--namespace is CLUSTER/NAMESPACE, for example prod/shop',
  );
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000 };
const dayMs = 86_400_000;

/** `30m` or `2h` in ms, a day at most. @throws CliError */
export function disarmSpan(text: string | undefined): number {
  const [, number = '', unit = ''] = /^(\d{1,4})([mh])$/.exec(text ?? '') ?? [];
  const ms = Number(number) * (units[unit] ?? 0);
  if (ms > 0 && ms <= dayMs) return ms;
  throw new CliError(
    exitCodes.usage,
    '--for must be from 1m to 24h, for example 2h',
    'after a day somebody has to say it again',
  );
}
