import { printable } from '../fingerprint/printable.ts';
import { RegistryError } from './errors.ts';

/** An image as people write it: `registry.example/shop/cart:1.4`, `…@sha256:HEX`, `nginx`. */
export interface ImageReference {
  /** Host and port, as written. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
  /** Whether the text names the registry itself; otherwise Docker Hub was filled in. */
  readonly hasRegistry: boolean;
}

/** What every tool takes a name without a registry for, and where it really lives. */
const defaultRegistry = 'docker.io';
const hubHost = 'registry-1.docker.io';

const hostForm = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const repositoryForm =
  /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digestForm = /^sha256:[0-9a-f]{64}$/;
/** The longest name that registries accept, host included. */
const maxName = 255;

/**
 * Reads `[registry/]repository[:tag][@digest]` as the distribution specification has it. The first part is a registry
 * when it holds a dot or a colon or is `localhost`; otherwise the image is Docker Hub's, `library/` for a single word.
 * With a digest a tag says nothing any more and is kept for people alone. @throws REGISTRY_REFERENCE
 */
export function parseReference(text: string): ImageReference {
  const [beforeDigest = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestForm.test(digest)))
    throw bad(text, 'a digest is written @sha256: and 64 lower-case hex digits');
  const { name, tag } = splitTag(beforeDigest);
  if (tag !== undefined && !tagForm.test(tag)) throw bad(text, 'its tag is not one');
  const { registry, repository, hasRegistry } = splitRegistry(name);
  if (!hostForm.test(registry)) throw bad(text, 'its registry is not host or host:port');
  if (!repositoryForm.test(repository) || name.length > maxName)
    throw bad(text, 'a repository has lower-case letters, digits, and . _ - between them');
  return {
    registry,
    repository,
    hasRegistry,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** A colon after the last slash begins a tag; one before it belongs to the port. */
function splitTag(text: string): { name: string; tag?: string } {
  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  const bare =
    !text.includes('/') && hostForm.test(text) && /:\d+$/.test(text) && text.startsWith('localhost:');
  if (colon === -1 || bare) return { name: text };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function splitRegistry(name: string): { registry: string; repository: string; hasRegistry: boolean } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  if (slash > 0 && (/[.:]/.test(first) || first === 'localhost')) {
    const rest = name.slice(slash + 1);
    const single = first === defaultRegistry && !rest.includes('/');
    return { registry: first, repository: single ? `library/${rest}` : rest, hasRegistry: true };
  }
  return {
    registry: defaultRegistry,
    repository: slash === -1 ? `library/${name}` : name,
    hasRegistry: false,
  };
}

function bad(text: string, why: string): RegistryError {
  return new RegistryError(
    'REGISTRY_REFERENCE',
    `${JSON.stringify(printable(text, 120))} is not an image reference: ${why}`,
    {
      hint: 'write it like registry.example/shop/cart:1.4 or registry.example/shop/cart@sha256:HEX',
    },
  );
}

/** The name a fingerprint is signed for: registry and repository, without tag or digest. */
export function nameOf({ registry, repository }: Pick<ImageReference, 'registry' | 'repository'>): string {
  return `${registry}/${repository}`;
}

/** Which manifest is meant: the digest where there is one, else the tag, else `latest`. */
export function targetOf({ tag, digest }: ImageReference): string {
  return digest ?? tag ?? 'latest';
}

/** Where the registry of that name answers. */
export function hostOf(registry: string): string {
  return registry === defaultRegistry ? hubHost : registry;
}

export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}
