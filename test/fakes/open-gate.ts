import type { Gate } from '../../collector/ports/identities.ts';

/** Lets everybody in and gives nobody anything: for tests that are not about who connects. */
export const openGate: Gate = {
  admit: async () => undefined,
  left: () => undefined,
  enrol: async () => closed,
  renew: async () => closed,
};

const closed = { refused: 'unavailable', sentence: 'this gate gives no certificates' } as const;
