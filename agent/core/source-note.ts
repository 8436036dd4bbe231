/**
 * What an adapter learns of its source beside the stream of events: which release it is, what was lost where the stream
 * does not say so, what was there before. Times in µs since the Unix epoch.
 */
export type SourceNote =
  | {
      /**
       * A connection stands: the first thing told after each, before any event. Nothing is watched yet. `version` as the
       * source writes it, empty where it cannot say.
       */
      readonly type: 'connected';
      readonly version: string;
    }
  | {
      /** The source has our request for events: what happens from now on is told. */
      readonly type: 'watching';
    }
  | {
      /** The same, and everything that ran by then, as one message of the source's own form. */
      readonly type: 'snapshot';
      readonly bytes: Uint8Array;
    }
  | {
      /** Events that nobody will see: counted by the source itself, or concluded from its silence. */
      readonly type: 'gap';
      readonly since: number;
      readonly until: number;
      /** How many, 0 when unknown. */
      readonly lost: number;
      readonly reason: string;
    };
