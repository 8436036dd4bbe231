import type { Origin } from '../../fingerprint/event.ts';
import { type Mount, originAt, parseMounts } from '../core/sweep/mounts.ts';
import type { StateView } from '../ports/state-view.ts';
import type { Member } from './member.ts';

/** Where files come from, by mount namespace; for one sweep, since mounts change. */
export class Places {
  readonly #view: StateView;
  readonly #host: string | undefined;
  readonly #mounts = new Map<string, readonly Mount[]>();

  constructor(view: StateView) {
    this.#view = view;
    this.#host = view.view(1)?.namespaces[0];
  }

  originOf(path: string, { glance, view }: Pick<Member, 'glance' | 'view'>): Origin | undefined {
    const namespace = view.namespaces[0] ?? '';
    return originAt(path, {
      mounts: this.#mountsOf(namespace, glance.pid, view.root),
      isHost: namespace === this.#host,
      isInLayer: (layer, file) => this.#view.isInLayer(layer, file),
    });
  }

  /** In a root of its own a process is shown only the mounts below it: another of its namespace knows better. */
  #mountsOf(namespace: string, pid: number, root: Uint8Array): readonly Mount[] {
    const known = this.#mounts.get(namespace);
    if (known !== undefined) return known;
    const mounts = parseMounts(this.#view.mounts(pid) ?? '');
    if (root.length === 1) this.#mounts.set(namespace, mounts);
    return mounts;
  }
}
