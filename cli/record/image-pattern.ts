import { CliError, exitCodes } from '../exit.ts';
import { fileName } from '../read-file.ts';

/** What `--image` names: a repository, one of its tags, or one image by digest. */
export interface ImagePattern {
  /** As it was given. */
  readonly text: string;
  /** Without tag and digest; undefined for a bare digest. */
  readonly repository: string | undefined;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** What a runtime says of a container's image. */
export interface ImageNames {
  readonly image?: string;
  readonly digest?: string;
  /** `repo:tag`, `repo@sha256:…`. */
  readonly alsoCalled?: readonly string[];
}

const form =
  /^(?<repository>[a-zA-Z0-9][\w.-]*(?::\d+(?=\/))?(?:\/[\w.-]+)*?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** @throws CliError */
export function parseImagePattern(text: string): ImagePattern {
  if (/^sha256:[0-9a-f]{64}$/.test(text))
    return { text, repository: undefined, tag: undefined, digest: text };
  const found = form.exec(text)?.groups;
  if (found?.repository === undefined)
    throw new CliError(
      exitCodes.usage,
      `--image ${fileName(text)} is no image`,
      'write NAME, NAME:TAG, NAME@sha256:HEX or sha256:HEX',
    );
  return { text, repository: familiar(found.repository), tag: found.tag, digest: found.digest };
}

/** Whether a container runs the image that is meant. By digest alone where one is given: a tag beside it is a label. */
export function isMeant(pattern: ImagePattern, names: ImageNames): boolean {
  const called = [...(names.image === undefined ? [] : [names.image]), ...(names.alsoCalled ?? [])];
  if (pattern.digest !== undefined)
    return names.digest === pattern.digest || called.some((name) => name.endsWith(`@${pattern.digest}`));
  return called.some((name) => {
    const { repository, tag } = partsOf(name);
    return repository === pattern.repository && (pattern.tag === undefined || tag === pattern.tag);
  });
}

/** What a runtime calls an image. Without a tag it is `latest`, unless a digest says which one it is. */
function partsOf(name: string): { repository: string; tag: string | undefined } {
  const [before = '', digest] = name.split('@');
  const colon = before.indexOf(':', before.lastIndexOf('/') + 1);
  const repository = familiar(colon < 0 ? before : before.slice(0, colon));
  if (colon >= 0) return { repository, tag: before.slice(colon + 1) };
  return { repository, tag: digest === undefined ? 'latest' : undefined };
}

/** Docker says `postgres` where containerd says `docker.io/library/postgres`. */
function familiar(repository: string): string {
  return repository.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\/(?=[^/]+$)/, '');
}
