import type { RunningContainer } from '../../ports/containers.ts';
import { commandOfSpec, placeOf, probesOf, siteLabels } from '../oci/told.ts';
import type { Container, ContainerdClient } from './containerd-client.ts';
import { type ImageTold, imageTold, manifestDigest } from './image.ts';
import { layersOf } from './layers.ts';

const podUidLabel = 'io.kubernetes.pod.uid';
/** A pod of a service mesh has some ten. */
const maxOthers = 32;
/** Images of a crowded node; the configuration is read once per image. */
const maxImages = 512;

/** Tells of containers what containerd, their labels, their specification and their image say. */
export function describer(
  client: ContainerdClient,
): (namespace: string, container: Container) => Promise<RunningContainer> {
  const known = new Map<string, ImageTold>();
  const toldBy = async (namespace: string, digest: string): Promise<ImageTold> => {
    const before = known.get(digest);
    if (before !== undefined) return before;
    // An image whose configuration cannot be read is still that image: its checks are told as somebody who enters.
    const told = await imageTold(client, namespace, digest).catch((): ImageTold => ({}));
    if (known.size >= maxImages) known.clear();
    known.set(digest, told);
    return told;
  };
  return async (namespace, found) => {
    const { id, image } = found;
    const digest = image === '' ? undefined : await manifestDigest(client, namespace, image);
    const told = digest === undefined ? {} : await toldBy(namespace, digest);
    const container = { ...found, labels: siteLabels(found.labels, told.labels) };
    // Without their layers what they hand over is told as the volume's, which is graver.
    const podImages = await others(client, namespace, container).catch(() => []);
    return {
      id,
      ...(image === '' ? {} : { image: withoutDigest(image) }),
      ...(digest === undefined ? {} : { digest }),
      ...placeOf(container.labels),
      ...started(container, told.check),
      ...(podImages.length === 0 ? {} : { podImages }),
    };
  };
}

type Part<K extends keyof RunningContainer> = Partial<Pick<RunningContainer, K>>;

function started(
  { labels, spec }: Container,
  check: readonly string[] | undefined,
): Part<'probes' | 'command'> {
  const probes = [...(check === undefined ? [] : [check]), ...probesOf(labels['whorl.dev/probes'])];
  const command = commandOfSpec(spec);
  return {
    ...(probes.length === 0 ? {} : { probes }),
    ...(command === undefined ? {} : { command }),
  };
}

/** Layers of the other containers of its pod, those that have ended too: what they brought may be handed over. */
async function others(
  client: ContainerdClient,
  namespace: string,
  { id, labels }: Container,
): Promise<readonly (readonly string[])[]> {
  const uid = labels[podUidLabel];
  if (uid === undefined || uid === '') return [];
  const pod = await client.labelled(namespace, podUidLabel, uid);
  const found: (readonly string[])[] = [];
  for (const other of pod.filter((one) => one.id !== id && one.snapshotKey !== '').slice(0, maxOthers)) {
    const mounts = await client.mounts(namespace, other.snapshotter, other.snapshotKey);
    const layers = layersOf(mounts ?? []);
    if (layers.length > 0) found.push(layers);
  }
  return found;
}

/** `registry:5000/app:v1@sha256:…` → `registry:5000/app:v1`. */
function withoutDigest(image: string): string {
  return image.replace(/@sha256:[0-9a-f]{64}$/, '');
}
