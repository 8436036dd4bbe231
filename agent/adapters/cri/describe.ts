import { parseJson } from '../../../fingerprint/strict-json.ts';
import type { RunningContainer } from '../../ports/containers.ts';
import { isObject } from '../oci/json.ts';
import { commandOfSpec, placeOf, probesOf } from '../oci/told.ts';
import type { CriClient, CriContainer } from './cri-client.ts';

/** What a runtime tells besides of a container with a thousand mounts and variables is some 300 kB. */
const maxInfoBytes = 4 * 1024 * 1024;

/** What the CRI says of a container and its pod: name and place as kubelet gave them, the image by its manifest. */
export async function describe(
  client: CriClient,
  id: string,
  container: CriContainer,
): Promise<RunningContainer> {
  const pod = await client.podOf(id);
  const known = await client.image(container.imageId || container.imageRef || container.image);
  const names = known === undefined ? [] : [...known.tags, ...known.digests];
  const image = imageName(container.image, names);
  const digest = digestOf(container, known?.digests ?? [], image);
  const probes = probesOf(container.labels['whorl.dev/probes']);
  const command = commandOf(container.info);
  return {
    id,
    ...(image === undefined ? {} : { image }),
    ...(digest === undefined ? {} : { digest }),
    ...(names.length === 0 ? {} : { alsoCalled: names }),
    ...placeOf(container.labels, container.name),
    ...(pod === undefined ? {} : { pod: pod.name, namespace: pod.namespace, podUid: pod.uid }),
    ...(probes.length === 0 ? {} : { probes }),
    ...(command === undefined ? {} : { command }),
  };
}

/**
 * The digest in the container's own reference; where that is an id (of the image's configuration, which is no name of
 * what a registry holds), the one by which the image's repository has it.
 */
function digestOf(
  { imageRef }: CriContainer,
  digests: readonly string[],
  image: string | undefined,
): string | undefined {
  const own = digestIn(imageRef);
  if (own !== undefined) return own;
  const repository = image === undefined ? undefined : repositoryOf(image);
  // Sorted: several repositories may hold it, and every node is to say the same.
  const sorted = [...digests].sort();
  const ofIt = sorted.find((one) => repository !== undefined && one.startsWith(`${repository}@`));
  return digestIn(ofIt ?? sorted[0] ?? '');
}

/** As it was asked for; by a bare id, what the image is called. */
function imageName(asked: string, names: readonly string[]): string | undefined {
  const isId = asked === '' || /^(sha256:)?[0-9a-f]{12,64}$/.test(asked);
  return (isId ? names[0] : asked)?.replace(/@sha256:[0-9a-f]{64}$/, '');
}

function repositoryOf(image: string): string {
  return image.replace(/:[^:/]*$/, '');
}

function digestIn(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
}

/** containerd and CRI-O put the OCI specification into `info`; other runtimes may not, and nothing hangs on it. */
function commandOf(info: Readonly<Record<string, string>>): readonly string[] | undefined {
  const text = info.info;
  if (text === undefined) return undefined;
  try {
    const told = parseJson(new TextEncoder().encode(text), { bytes: maxInfoBytes });
    const spec = isObject(told) ? told.runtimeSpec : undefined;
    return spec === undefined ? undefined : commandOfSpec(new TextEncoder().encode(JSON.stringify(spec)));
  } catch {
    return undefined;
  }
}
