/** Which names the public can register. */

export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** A part of the name space where no stranger can have a name of their own. */
export interface InternalSuffix {
  readonly suffix: string;
  readonly why: string;
  readonly examples: readonly string[];
  readonly counterExamples: readonly string[];
}

/**
 * Top-level names that are reserved, or that no registry delegates and networks use inside. `example` is not among them:
 * it is reserved too, but stands for a public name wherever it is written.
 */
export const internalSuffixes: readonly InternalSuffix[] = [
  row('localhost', 'RFC 6761', ['app.localhost'], ['localhost.example.com']),
  row(
    'local',
    'RFC 6762, and cluster.local of Kubernetes',
    ['printer.local', 'cart.shop.svc.cluster.local'],
    ['cluster.local.evil.com', 'notlocal.com'],
  ),
  row(
    'internal',
    'reserved by ICANN in 2024; clouds use it',
    ['metadata.google.internal'],
    ['internal.evil.com'],
  ),
  row('svc', 'Kubernetes, before its search domain', ['cart.shop.svc'], ['cart.svc.evil.com']),
  row('arpa', 'the infrastructure of DNS: home.arpa, reverse zones', ['nas.home.arpa'], ['arpa.evil.com']),
  row('lan', 'RFC 6762 appendix G', ['nas.lan'], ['lan.evil.com']),
  row('home', 'RFC 6762 appendix G', ['nas.home'], ['home.evil.com']),
  row('corp', 'RFC 6762 appendix G', ['db.corp'], ['corp.evil.com']),
  row('intranet', 'RFC 6762 appendix G', ['wiki.intranet'], ['intranet.evil.com']),
  row('private', 'RFC 6762 appendix G', ['db.private'], ['private.evil.com']),
  row('localdomain', 'the custom of resolver configurations', ['db.localdomain'], ['localdomain.evil.com']),
  row('test', 'RFC 6761', ['shop.test'], ['test.evil.com']),
  row('consul', 'Consul', ['db.service.consul'], ['consul.evil.com']),
  row('docker', 'the custom of Docker', ['db.docker'], ['docker.evil.com']),
  row('podman', "Podman's networks", ['db.dns.podman'], ['podman.evil.com']),
];

function row(
  suffix: string,
  why: string,
  examples: readonly string[],
  counterExamples: readonly string[],
): InternalSuffix {
  return { suffix, why, examples, counterExamples };
}

const internal: ReadonlySet<string> = new Set(internalSuffixes.map((s) => s.suffix));

/**
 * Whether a stranger could own the name, so that its pointing inside means something. Not public are single labels,
 * the reserved suffixes, and what stands below a search domain of the container's own resolver configuration.
 *
 * @param search a single label among them counts only when it is reserved: `search com` makes nobody's name internal.
 */
export function isPublicName(name: string, search: readonly string[]): boolean {
  const top = name.slice(name.lastIndexOf('.') + 1);
  if (top === name || internal.has(top)) return false;
  return !search.some((domain) => domain.includes('.') && (name === domain || name.endsWith(`.${domain}`)));
}
