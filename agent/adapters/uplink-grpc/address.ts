/** Reached without leaving this machine: what is sent there need not be encrypted. */
export function isLocal(address: string): boolean {
  return /^(unix:\/|127(\.\d{1,3}){3}:|\[::1\]:|localhost:)/.test(address);
}
