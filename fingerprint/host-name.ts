/** Lower case, without the root's dot: names are equal as DNS compares them. */
export function toName(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const hostName = new RegExp(`^(?!.{254})${label}(?:\\.${label})*$`);

/**
 * Whether a name may stand for an address at all. What is no host name (a blank, a brace, a colon: DNS carries any
 * byte) could pass for a placeholder or another peer; what ends in a number could pass for an address.
 */
export function isHostName(name: string): boolean {
  return hostName.test(name) && !/(^|\.)\d+$/.test(name);
}
