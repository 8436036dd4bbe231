import type { Imported } from '../fingerprint/import-draft.ts';
import { convertKubescape, type KubescapeContainer, readKubescape } from '../fingerprint/import-kubescape.ts';
import { convertRad, readRad } from '../fingerprint/import-rad.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import type { Subject } from '../fingerprint/workload.ts';
import { about } from './exit.ts';

/** One container of a foreign document. */
export interface ForeignContainer {
  readonly name: string;
  readonly image: { readonly name?: string; readonly digest?: string };
  convert(subject: Subject, now: string): Imported;
}

interface Format {
  readonly what: string;
  /** @throws CliError naming the file and what is wrong with it */
  read(bytes: Uint8Array, source: string): Promise<readonly ForeignContainer[]>;
}

/** What `whorl import` understands. Another format is a row here. */
export const foreignFormats = {
  rad: {
    what: 'a fingerprint of RAD Security (JSON)',
    read: (bytes, source) =>
      Promise.resolve(
        about(source, () => readRad(parseJson(bytes))).map((container) => ({
          name: container.name,
          image: imageOf(container.image, container.digest),
          convert: (subject: Subject, now: string) => convertRad(container, subject, now),
        })),
      ),
  },
  kubescape: {
    what: 'an ApplicationProfile or ContainerProfile of Kubescape (YAML)',
    read: async (bytes, source) => {
      // Loaded when it is wanted: no other verb reads YAML.
      const { readYaml } = await import('./import-yaml.ts');
      return about(source, () => readKubescape(readYaml(bytes))).map((container) => ({
        name: container.name,
        image: kubescapeImage(container),
        convert: (subject: Subject, now: string) => convertKubescape(container, subject, now),
      }));
    },
  },
} as const satisfies Record<string, Format>;

export type ForeignFormat = keyof typeof foreignFormats;

function imageOf(name: string | undefined, digest: string | undefined): ForeignContainer['image'] {
  const repository = name
    ?.replace(/^[a-z-]+:\/\//, '')
    .replace(/@.*$/, '')
    .replace(/:[^:/]*$/, '');
  return {
    ...(repository === undefined || repository === '' ? {} : { name: repository }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** `imageID` is `name@sha256:…`, with a scheme or without a name; then the tag has the name. */
function kubescapeImage({ imageId, imageTag }: KubescapeContainer): ForeignContainer['image'] {
  const digest = /sha256:[0-9a-f]{64}/.exec(imageId ?? '')?.[0];
  const named = imageId?.includes('@') === true ? imageId : imageTag;
  return imageOf(named, digest);
}
