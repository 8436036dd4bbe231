import type { PolicyRule, ResponsePolicy } from '../collector/core/response-policy.ts';
import { printable } from '../fingerprint/printable.ts';

/** What is another in the second policy, a line each; none when both say the same. */
export function policyDifference(before: ResponsePolicy, after: ResponsePolicy): readonly string[] {
  const { rules: old, version: _, ...settings } = before;
  const { rules: next, version: __, ...newSettings } = after;
  const names = (rules: readonly PolicyRule[]) => rules.map(({ name }) => name);
  const known = new Map(old.map((rule) => [rule.name, rule]));
  const kept = names(next).filter((name) => known.has(name));
  const stood = names(old).filter((name) => kept.includes(name));
  return [
    ...members(settings, newSettings),
    ...names(old)
      .filter((name) => !kept.includes(name))
      .map((name) => `- rule ${name}`),
    ...next.flatMap((rule) => {
      const earlier = known.get(rule.name);
      return earlier === undefined
        ? [`+ rule ${rule.name}: ${said(withoutName(rule))}`]
        : changed(earlier, rule);
    }),
    ...(kept.join() === stood.join()
      ? []
      : [`~ order of the rules: ${stood.join(', ')} → ${kept.join(', ')}`]),
  ];
}

function changed(before: PolicyRule, after: PolicyRule): readonly string[] {
  return members(withoutName(before), withoutName(after)).map(
    (line) => `~ rule ${after.name} ${line.slice(2)}`,
  );
}

function withoutName({ name: _, ...rule }: PolicyRule): object {
  return rule;
}

/** Members that differ, those within objects by their paths. */
function members(before: object, after: object): string[] {
  const [old, next] = [flat(before), flat(after)];
  return [...new Set([...old.keys(), ...next.keys()])].flatMap((path) => {
    const [a, b] = [old.get(path), next.get(path)];
    return a === b ? [] : [`~ ${path}: ${a ?? 'not said'} → ${b ?? 'not said'}`];
  });
}

function flat(value: object, prefix = ''): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(value).flatMap(([name, member]): [string, string][] =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? [...flat(member, `${prefix}${name}.`)]
        : [[`${prefix}${name}`, said(member)]],
    ),
  );
}

/** Names in it come from a file: they are made printable. */
function said(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value), 600);
}
