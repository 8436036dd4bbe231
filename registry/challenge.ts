/** One scheme of a `WWW-Authenticate` header. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A header is a line; what is longer is not read. */
const maxLength = 4096;

/** RFC 9110 §11.6.1: several challenges may stand in one header, each with parameters, quoted or not. */
export function parseChallenges(header: string): readonly Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  const token = /([A-Za-z][\w!#$%&'*+.^`|~-]*)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+)))?[\s,]*/y;
  const text = header.slice(0, maxLength);
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [, name = '', quoted, bare] = match;
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare;
    const last = found.at(-1);
    if (value === undefined) found.push({ scheme: name.toLowerCase(), parameters: {} });
    else if (last !== undefined) last.parameters[name.toLowerCase()] = value;
  }
  return found;
}
