import { Option } from 'commander';

const offered = new WeakMap<Option, readonly string[]>();

/** An option that takes one of a few words, which completion offers. Whoever reads it checks it, in its own words. */
export function choice(flags: string, about: string, words: readonly string[]): Option {
  const option = new Option(flags, about);
  offered.set(option, words);
  return option;
}

/** @returns the words that may follow that option; none: anything */
export function wordsAfter(option: Option): readonly string[] {
  return option.argChoices ?? offered.get(option) ?? [];
}
