import type { PackageDraft, SbomDraft } from './sbom-draft.ts';
import { packageKeys, type SoftwarePackage } from './software-package.ts';

/** Packages of a report, each once: a scanner names one in every finding. */
export class DraftPackages {
  readonly #draft: SbomDraft;
  readonly #byKey = new Map<string, PackageDraft>();

  constructor(draft: SbomDraft) {
    this.#draft = draft;
  }

  /** See `SbomDraft.locate`. */
  locate(about: SoftwarePackage, places: readonly string[]): void {
    const own = this.#of(about);
    for (const place of places) this.#draft.locate(own, place);
  }

  /** See `SbomDraft.claim`. */
  claim(about: SoftwarePackage, files: readonly string[]): void {
    const own = this.#of(about);
    for (const file of files) this.#draft.claim(own, file);
  }

  #of(about: SoftwarePackage): PackageDraft {
    const keys = packageKeys(about);
    const known = keys.map((key) => this.#byKey.get(key)).find((p) => p !== undefined);
    const own = known ?? this.#draft.add(about);
    for (const key of keys) this.#byKey.set(key, own);
    return own;
  }
}
