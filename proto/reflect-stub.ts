/**
 * tsyringe, which @peculiar/x509 brings along, refuses to load without a `Reflect.getMetadata`. The certificates made
 * here inject nothing, so there is no metadata: a real polyfill would be a dependency for nothing.
 */
if (!('getMetadata' in Reflect)) {
  const nothing = { value: (): undefined => undefined, configurable: true, writable: true };
  Object.defineProperties(Reflect, {
    getMetadata: nothing,
    getOwnMetadata: nothing,
    defineMetadata: nothing,
  });
}
