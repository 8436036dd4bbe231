import type { RunningContainer } from '../../ports/containers.ts';
import { isObject, isTexts, textsOf } from '../oci/json.ts';
import { checkOf, placeOf, probesOf, siteLabels } from '../oci/told.ts';

const digestForm = /^sha256:[0-9a-f]{64}$/;

/**
 * What Docker's inspection of a container and of its image say. The digest is the image's id: that of its configuration,
 * or where Docker keeps images in containerd's store that of its manifest; both name what runs exactly.
 *
 * @param image undefined when the image was removed under the container: its id is still known.
 * @returns undefined when the answer is none of Docker's
 */
export function describe(id: string, container: unknown, image: unknown): RunningContainer | undefined {
  if (!isObject(container) || !isObject(container.Config)) return undefined;
  const { Config: config, Image: digest, Path: path, Args: args } = container;
  const ofImage = imageOf(image);
  const asked = typeof config.Image === 'string' ? config.Image : '';
  const called = nameOf(asked, ofImage.names);
  const labels = siteLabels(textsOf(config.Labels), ofImage.labels);
  // Under Compose it is the service's name that says which it is.
  const name = labels['io.kubernetes.container.name'] ?? labels['com.docker.compose.service'];
  const probes = [...many(checkOf(config.Healthcheck)), ...probesOf(labels['whorl.dev/probes'])];
  const command = typeof path === 'string' && isTexts(args) ? [path, ...args] : undefined;
  return {
    id,
    ...(called === undefined ? {} : { image: called }),
    ...(typeof digest === 'string' && digestForm.test(digest) ? { digest } : {}),
    ...(ofImage.names.length === 0 ? {} : { alsoCalled: ofImage.names }),
    ...placeOf(labels, name),
    ...(probes.length === 0 ? {} : { probes }),
    ...(command === undefined ? {} : { command }),
  };
}

interface ImageSaid {
  /** `repo:tag` and `repo@sha256:…`. */
  readonly names: readonly string[];
  /** Undefined: nobody knows which labels are the image's own. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

function imageOf(image: unknown): ImageSaid {
  if (!isObject(image)) return { names: [], labels: undefined };
  const { RepoTags: tags, RepoDigests: digests, Config: config } = image;
  const names = [...(isTexts(tags) ? tags : []), ...(isTexts(digests) ? digests : [])];
  return {
    names: names.filter((name) => !name.startsWith('<none>')),
    labels: textsOf(isObject(config) ? config.Labels : undefined),
  };
}

/** As it was asked for; by a bare id, what the image is called. */
function nameOf(asked: string, names: readonly string[]): string | undefined {
  const isId = asked === '' || /^(sha256:)?[0-9a-f]{12,64}$/.test(asked);
  return (isId ? names[0] : asked)?.replace(/@sha256:[0-9a-f]{64}$/, '');
}

function many<T>(one: T | undefined): readonly T[] {
  return one === undefined ? [] : [one];
}
