export interface ResolvConf {
  readonly resolvers: readonly string[];
  readonly search: readonly string[];
}

/** glibc, musl and Go ask the first three servers (MAXNS). */
const maxServers = 3;
/** glibc before 2.26 knew six; more are allowed since, but nobody lists this many. */
const maxSearch = 32;
/** resolv.conf(5): without a server the resolver asks the own machine. */
const defaultServers = ['127.0.0.1', '::1'];

/** Reads resolv.conf(5) as resolvers do: the last `search` or `domain` line counts, comments begin with `#` or `;`. */
export function parseResolvConf(text: string): ResolvConf {
  const resolvers: string[] = [];
  let search: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined && resolvers.length < maxServers)
      resolvers.push(values[0].toLowerCase().replace(/%.*$/, ''));
    if (keyword === 'search' || keyword === 'domain') search = values.slice(0, maxSearch);
  }
  return {
    resolvers: resolvers.length === 0 ? defaultServers : resolvers,
    search: search.map((domain) => domain.toLowerCase().replace(/^\.|\.$/g, '')).filter((d) => d !== ''),
  };
}
