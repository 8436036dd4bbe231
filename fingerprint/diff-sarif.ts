import type { Difference } from './diff.ts';
import { type Change, type ChangeKind, type ChangeWord, changeWords, documentKinds } from './diff-change.ts';
import { behaviourKinds } from './event.ts';
import type { Severity } from './incident.ts';
import { printable } from './printable.ts';

/** Code scanning services take 5 000 results of a run at most; the gravest come first. */
const maxResults = 5000;

export interface SarifAbout {
  /** Version of the tool. */
  readonly version: string;
  /** Path of the new document relative to the repository, for the line the service puts the finding at. */
  readonly uri: string;
}

/** The difference as SARIF 2.1.0: one rule for each kind of change, one result for each change. */
export function diffSarif(d: Difference, about: SarifAbout): object {
  const results = d.changes.slice(0, maxResults);
  const rules = ruleIds(results);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'whorl', version: about.version, rules: rules.map(ruleOf) } },
        // Columns are counted as everywhere else in JSON texts.
        columnKind: 'utf16CodeUnits',
        results: results.map((change) => resultOf(change, rules, about)),
        properties: {
          unchanged: d.unchanged,
          widens: d.widens,
          leftOut: d.changes.length - results.length,
          ...(d.notExercised === undefined ? {} : { notExercised: d.notExercised.sentences }),
        },
      },
    ],
  };
}

function ruleIds(changes: readonly Change[]): string[] {
  const used = new Set(changes.map((c) => ruleId(c.kind, c.change)));
  const kinds: readonly ChangeKind[] = [...documentKinds, ...behaviourKinds];
  return kinds.flatMap((k) => changeWords.map((w) => ruleId(k, w))).filter((id) => used.has(id));
}

function ruleId(kind: ChangeKind, change: ChangeWord): string {
  return `${kind}-${change}`;
}

const wordMeanings: Readonly<Record<ChangeWord, string>> = {
  added: 'is allowed that was not known',
  widened: 'is allowed in more cases than before',
  removed: 'is no longer allowed',
  narrowed: 'is allowed in fewer cases than before',
  changed: 'is different',
};

function ruleOf(id: string): object {
  const cut = id.lastIndexOf('-');
  const word = changeWords.find((w) => w === id.slice(cut + 1)) ?? 'changed';
  const text = `Something about ${id.slice(0, cut)} ${wordMeanings[word]}`;
  return { id, shortDescription: { text }, defaultConfiguration: { level: levelOfWord(word) } };
}

function levelOfWord(word: ChangeWord): 'warning' | 'none' {
  return word === 'added' || word === 'widened' ? 'warning' : 'none';
}

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
};

function resultOf(c: Change, rules: readonly string[], { uri }: SarifAbout): object {
  const id = ruleId(c.kind, c.change);
  return {
    ruleId: id,
    ruleIndex: rules.indexOf(id),
    // What allows nothing more is told, and fails nothing: SARIF wants the level none with that.
    ...(c.widens ? { kind: 'fail', level: levels[c.severity] } : { kind: 'informational', level: 'none' }),
    message: { text: messageText(`${c.sentence}.`) },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } },
        logicalLocations: [logicalLocation(c)],
      },
    ],
    partialFingerprints: { 'whorlChange/v1': c.id },
    properties: { severity: c.severity, subject: printable(c.subject, 1024), entries: c.entries },
  };
}

/** In a message of SARIF brackets make a link and braces a placeholder, wherever the text came from (3.11.5, 3.11.6). */
function messageText(text: string): string {
  return text.replace(/[[\]\\]/g, '\\$&').replace(/[{}]/g, '$&$&');
}

function logicalLocation(c: Change): object {
  if (c.program === undefined) return { name: c.kind, fullyQualifiedName: c.kind, kind: 'object' };
  const fullyQualifiedName = [c.root ?? '', c.parent ?? '', c.program]
    .filter((part) => part !== '')
    .join(' > ');
  // Services show these on their pages as they are.
  return {
    name: printable(c.program),
    fullyQualifiedName: printable(fullyQualifiedName, 1024),
    kind: 'function',
  };
}
