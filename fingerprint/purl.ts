/** A package URL in its parts, as far as they name one package of one version (github.com/package-url/purl-spec). */
export interface Purl {
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
}

/** @returns undefined for what is no package URL */
export function parsePurl(text: string): Purl | undefined {
  const found = /^pkg:\/{0,2}([A-Za-z][A-Za-z0-9.+-]*)\/([^?#]+)/.exec(text);
  if (found === null) return undefined;
  const [, type = '', rest = ''] = found;
  // The version stands behind the last `@`: a scope begins with one where its writer did not encode it.
  const at = rest.lastIndexOf('@');
  const hasVersion = at > rest.lastIndexOf('/');
  const parts = (hasVersion && at > 0 ? rest.slice(0, at) : rest).split('/').filter((p) => p !== '');
  const name = decoded(parts.pop() ?? '');
  if (name === '') return undefined;
  return {
    type: type.toLowerCase(),
    namespace: parts.map(decoded).join('/'),
    name,
    version: hasVersion && at > 0 ? decoded(rest.slice(at + 1)) : '',
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone `%` is a sign like any other to tools that forget to encode.
    return part;
  }
}

/**
 * One text for one package of one version, whoever wrote it: without qualifiers and subpath, which tools fill
 * differently, and without the epoch, which some put into the version and some into a qualifier.
 */
export function purlKey(text: string): string | undefined {
  const purl = parsePurl(text);
  if (purl === undefined || purl.version === '') return undefined;
  const { type, namespace, name, version } = purl;
  return [type, namespace.toLowerCase(), name.toLowerCase(), plainVersion(type, version)].join('\0');
}

/** Distributions write `1:2.38-5` or keep the 1 elsewhere. */
export function plainVersion(type: string, version: string): string {
  return type === 'deb' || type === 'rpm' ? version.replace(/^\d+:/, '') : version;
}
