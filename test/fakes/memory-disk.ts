import type { AgentState, FingerprintSource, StateStore } from '../../agent/ports/kept.ts';

/** What a node keeps, without a disk: signed envelopes by name, and what it remembers. */
export interface MemoryDisk {
  readonly kept: Map<string, Uint8Array>;
  state: AgentState;
}

export function envelopesOn({ kept }: MemoryDisk): FingerprintSource {
  return {
    envelopes: async function* () {
      for (const [name, bytes] of [...kept]) yield { name, bytes };
    },
    keep: async (name, bytes) => void kept.set(name, bytes),
    copy: async (name, as) => {
      const bytes = kept.get(name);
      if (bytes !== undefined) kept.set(as, bytes);
    },
    forget: async (name) => void kept.delete(name),
    has: async (name) => kept.has(name),
  };
}

export function stateOn(disk: MemoryDisk): StateStore {
  return {
    load: async () => disk.state,
    save: async (state) => {
      disk.state = state;
    },
  };
}
