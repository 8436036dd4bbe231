import type { Selection } from './selection.ts';
import { failure, type Status } from './status.ts';

/** One requirement: that a label is there, is not, or has a value or another. Sets (`in`, `notin`) nobody asks for yet. */
const requirement = /^(?<not>!?)(?<key>[^!=,\s()]+)(?:(?<operator>==?|!=)(?<value>[^!=,\s()]*))?$/;

/** `key`, `!key`, `key=value`, `key==value` and `key!=value`, each of which must hold. */
export function labelSelection(text: string): Selection | Status {
  const tests: Selection[] = [];
  for (const part of text.split(',').filter((one) => one !== '')) {
    const { not, key = '', operator, value } = requirement.exec(part)?.groups ?? {};
    if (key === '' || (not === '!' && operator !== undefined))
      return failure(400, 'BadRequest', `unable to parse requirement: found '${part}'`);
    tests.push(({ metadata: { labels = {} } }) => {
      if (operator === undefined) return Object.hasOwn(labels, key) === (not === '');
      return (labels[key] === value) === (operator !== '!=');
    });
  }
  return (object) => tests.every((test) => test(object));
}
