/** The part of the generated decoder the benchmark calls. */
export const tracee: {
  readonly v1beta1: {
    readonly Event: {
      decode(bytes: Uint8Array): { readonly name: string; readonly data: readonly unknown[] };
    };
  };
};
