/** What attribution knows of this one copy: written as its placeholder wherever it occurs, also inside a token. */
export type Substitutions = {
  readonly [P in 'pod' | 'address' | 'uid' | 'namespace' | 'node' | 'hostname' | 'container']?: string;
} & {
  /** When it has more than one. */
  readonly addresses?: readonly string[];
  /** What an address of somebody else is called; inside arguments it becomes `{peer:NAME}`. */
  readonly peers?: (address: string) => string | undefined;
};

/**
 * What the copy is called first: its host is called after the pod, after the container's id or by a name of its own, and
 * each place has another of these. Ids, then names. `namespace` is not among them: as a word (`default`,
 * `shop`) it occurs everywhere, so only its place in a DNS name is certain.
 */
const anywhere = ['hostname', 'container', 'uid', 'pod', 'node', 'address'] as const;

type Replacement = readonly [value: string, placeholder: string];

/** What is known of a copy does not change while it is the same object; which of it is distinctive is asked once. */
const nothing: readonly Replacement[] = [];
const prepared = new WeakMap<Substitutions, readonly Replacement[]>();

/** The text with this copy's own names and addresses replaced. Idempotent. */
export function substitute(text: string, known: Substitutions): string {
  let result = text;
  for (const [value, placeholder] of replacementsOf(known)) result = replaceWhole(result, value, placeholder);
  return known.namespace === undefined ? result : replaceNamespace(result, known.namespace);
}

function replacementsOf(known: Substitutions): readonly Replacement[] {
  if (Object.keys(known).length === 0) return nothing;
  const ready = prepared.get(known);
  if (ready !== undefined) return ready;
  const fresh = anywhere.flatMap((key): Replacement[] => {
    const value = known[key];
    if (value === undefined || !isDistinctive(value)) return [];
    // Docker and CRI show the first twelve digits of an id, and use them as the host name.
    const short: Replacement[] =
      key === 'container' && /^[0-9a-f]{64}$/.test(value) ? [[value.slice(0, 12), '{container}']] : [];
    return [[value, key === 'hostname' ? '{pod}' : `{${key}}`], ...short];
  });
  const own = (known.addresses ?? []).filter(isDistinctive).map((a): Replacement => [a, '{address}']);
  const all = [...fresh, ...own];
  prepared.set(known, all);
  return all;
}

/** A name that could be a plain word would be found where it means something else: `/usr/bin/node`, `cart`. */
function isDistinctive(value: string): boolean {
  return value.length >= 5 && /[\d.:-]/.test(value) && !/^\d{1,8}$/.test(value) && !isLoopback(value);
}

/** Loopback is everybody's own address. */
export function isLoopback(address: string): boolean {
  return (
    address === 'localhost' ||
    address === '::1' ||
    /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address.toLowerCase())
  );
}

/**
 * Four numbers with dots, or hexadecimal groups with at least two colons, where no name goes on around them: in
 * `10.0.0.7.nip.io` and `v10.0.0.7` nothing is an address.
 */
const addressForm =
  /(?<![\p{L}\p{N}_.-])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9a-f]{0,4}:[0-9a-f]{0,4}:)[0-9a-f:]{2,39}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?)(?![\p{L}\p{N}_-]|\.[\p{L}\p{N}_-])/giu;
const mayHold = /\d\.\d{1,3}\.\d|:[0-9a-f]*:/i;

/** Whether a text may hold an address; cheap, and never no when it does. */
export function mayHoldAddress(text: string): boolean {
  return mayHold.test(text);
}

/** The text with addresses of known peers replaced by what they are called. */
export function substitutePeers(text: string, peers: (address: string) => string | undefined): string {
  if (!mayHoldAddress(text)) return text;
  return text.replace(addressForm, (address) => {
    const name = peers(address);
    return name === undefined ? address : `{peer:${name}}`;
  });
}

/** Only where the value stands by itself: not `10.0.0.7` inside `10.0.0.70`. */
function replaceWhole(text: string, value: string, placeholder: string): string {
  let at = text.indexOf(value);
  if (at < 0) return text;
  let result = '';
  let copied = 0;
  for (; at >= 0; at = text.indexOf(value, at + value.length)) {
    const end = at + value.length;
    if (isWordChar(text.charCodeAt(at - 1)) || isWordChar(text.charCodeAt(end))) continue;
    result += text.slice(copied, at) + placeholder;
    copied = end;
  }
  return result + text.slice(copied);
}

function isWordChar(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** `cart.shop.svc.cluster.local`, `10-0-0-7.shop.pod…`: the label before `svc` or `pod` is the namespace. */
function replaceNamespace(text: string, namespace: string): string {
  for (const after of ['.svc', '.pod']) {
    const label = `.${namespace}${after}`;
    if (text.includes(label)) return text.replaceAll(label, `.{namespace}${after}`);
  }
  return text;
}
