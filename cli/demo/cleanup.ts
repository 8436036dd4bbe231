/** What the demo has made and must take away again, undone in reverse order: cgroups, processes, files. */
export class Cleanup {
  readonly #steps: { readonly what: string; readonly undo: () => Promise<void> | void }[] = [];
  #running: Promise<string[]> | undefined;

  add(what: string, undo: () => Promise<void> | void): void {
    this.#steps.push({ what, undo });
  }

  /** Runs once, however often it is asked for. @returns what could not be taken away, in words */
  run(): Promise<string[]> {
    this.#running ??= this.#undoAll();
    return this.#running;
  }

  async #undoAll(): Promise<string[]> {
    const left: string[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        left.push(`${step.what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return left;
  }
}
