/** Which option, variable or member names announce a secret value. */

const strong =
  /pass(word|wd|phrase)|secret|token(?!i[sz])|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|signing[-_.]?key|encryption[-_.]?key|auth[-_.]?key|license[-_.]?key/i;
/** Too common as parts of other words: only as the last word of a name. */
const weak = /(^|[-_.])(pass|pwd|pw|key|auth|authorization|bearer|psk|cookie|jwt|dsn)\d*$/i;
/** The value is about the secret, not the secret. */
const about =
  /[-_.]?(file|path|dir|directory|name|type|ttl|timeout|expiry|length|size|count|policy|url|uri|endpoint|issuer|audience|algorithm|format|mount|store)s?$/i;

export function isSecretName(name: string): boolean {
  if (about.test(name)) return false;
  return strong.test(name) || weak.test(camelSplit(name));
}

/** `authKey` ends in the word key, `monkey` does not. */
function camelSplit(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, '$1-$2');
}

/** Values that are no secret whatever the name says: switches, and for `key` the name of a file. */
export function isPlainValue(name: string, value: string): boolean {
  if (/^(true|false|yes|no|on|off|none|null|undefined|\*+|\{secret\})$/i.test(value)) return true;
  return !strong.test(name) && /^[.~]?\/|\.(pem|key|crt|cer|der|pub|json|ya?ml|txt)$/i.test(value);
}
