import { kindOfWord, notCovered } from './coverage.ts';
import type { BehaviourKind } from './event.ts';
import { listed } from './explain-entry.ts';
import { type LintRule, type LintWorld, type Place, said, some } from './lint-rule.ts';
import { phases } from './phase.ts';
import { quoted } from './phrase.ts';
import { unmetExercises } from './representativeness.ts';
import { currentRules } from './rules.ts';
import { findSecrets } from './secrets.ts';
import { parameterOf } from './site-parameter.ts';

/** Kinds without which most attacks pass unseen. */
const graveKinds: readonly BehaviourKind[] = ['exec', 'open', 'connect'];
/** As many independent copies as readiness asks for (readiness.ts). */
const enoughInstances = 3;

/** What the document says of itself that makes it weaker than it looks. */
export const documentRules: readonly LintRule[] = [
  {
    id: 'secret',
    severity: 'high',
    what: 'a secret stands in the document',
    why: 'whoever reads the fingerprint has it',
    fix: 'remove the entry, change the secret, and pass it by file or environment',
    find: ({ known }) => {
      const { behaviour, removed, parameters, representativeness } = known;
      const found = findSecrets({ behaviour, removed, parameters, representativeness });
      return found.map(({ field, id }) => ({ sentence: `${quoted(id)} at ${quoted(field)}`, entries: [id] }));
    },
  },
  {
    id: 'not-judged',
    severity: 'high',
    what: 'programs, files or connections are not judged',
    why: 'everything of that kind passes',
    fix: 'learn with a source that sees it',
    find: (world) => blindPlaces(world, (kind) => graveKinds.includes(kind)),
  },
  {
    id: 'partly-judged',
    severity: 'medium',
    what: 'some kinds of behaviour are not judged',
    why: 'everything of that kind passes',
    fix: 'learn with a source that sees it',
    find: (world) => blindPlaces(world, (kind) => !graveKinds.includes(kind)),
  },
  {
    id: 'phase-missing',
    severity: 'medium',
    what: 'a part of the life of a copy is not judged',
    why: 'what happens in that part passes, and an intruder chooses his time',
    fix: 'watch a copy from its start until it serves',
    find: ({ known }) => {
      const missing = phases.filter((p) => known.phases?.includes(p) === false);
      return missing.length === 0 ? [] : [said(`${listed(missing)} not learned`)];
    },
  },
  {
    id: 'not-exercised',
    severity: 'medium',
    what: 'something the workload was to be seen doing was not seen',
    why: 'what it does then will drift, and drift that is known to be harmless teaches people to look away',
    fix: 'exercise it while learning',
    find: ({ known }) =>
      unmetExercises(known.representativeness ?? [], known.behaviour, []).map((u) =>
        said(quoted(u.sentence, 240)),
      ),
  },
  {
    id: 'lost-events',
    severity: 'medium',
    what: 'events were lost while it was learned',
    why: 'what they would have shown is missing, and nobody knows what that was',
    fix: 'learn again without loss; whorl status shows where it came from',
    find: ({ known: { observation: o } }) =>
      o.lost === 0 ? [] : [said(`${o.lost} of ${o.events + o.lost} events`)],
  },
  {
    id: 'inherited',
    severity: 'medium',
    what: 'programs that this image was never seen to run',
    why: 'they are approved because an earlier image ran them',
    fix: 'exercise them, or prune them',
    find: ({ known: { observation: o } }) => {
      if (o.inherited === undefined || o.inherited.programs.length === 0) return [];
      const names = some(o.inherited.programs.map((p) => quoted(p.replaceAll('|', ' '))));
      return [said(`${o.inherited.programs.length} from ${quoted(o.inherited.from)}: ${names}`)];
    },
  },
  {
    id: 'undeclared-parameter',
    severity: 'medium',
    what: 'a site parameter is used that the document does not declare',
    why: 'nobody is asked what it stands for, so what names it always drifts',
    fix: 'declare it in parameters, with a sentence for the person who binds it',
    find: (world) => {
      const declared = declaredOf(world);
      const missing = [...usedParameters(world)].filter((name) => !declared.has(name));
      return missing.length === 0 ? [] : [said(some(missing.map((name) => quoted(name))))];
    },
  },
  {
    id: 'old-rules',
    severity: 'medium',
    what: 'learned by older rules',
    why: 'its list of sensitive files and its patterns are those of that time',
    fix: 'learn again with this version',
    find: ({ known: { rules } }) => {
      const old = (['normaliser', 'generaliser', 'sensitive'] as const).filter(
        (t) => rules[t] < currentRules[t],
      );
      const words = old.map((t) => `${t} ${rules[t]} (now ${currentRules[t]})`);
      return old.length === 0 ? [] : [said(listed(words))];
    },
  },
  {
    id: 'few-instances',
    severity: 'low',
    what: 'few copies were seen',
    why: 'what only some copies do is missing and will drift',
    fix: `learn from at least ${enoughInstances} copies or runs`,
    find: ({ known: { observation: o } }) =>
      o.instances.length >= enoughInstances
        ? []
        : [said(o.instances.length === 1 ? '1 copy' : `${o.instances.length} copies`)],
  },
  {
    id: 'not-representative',
    severity: 'low',
    what: 'nothing says what it must have been seen doing',
    why: 'nobody can tell whether backup, rotation or failover were among it',
    fix: 'declare representativeness: start, load, reload, rotate, backup, failover, shutdown',
    find: ({ known }) =>
      (known.representativeness ?? []).length > 0 ? [] : [said('no representativeness is declared')],
  },
  {
    id: 'unbound-parameter',
    severity: 'low',
    what: 'the site must say what a parameter stands for',
    why: 'until then what names it drifts',
    fix: 'whorl bind, once for each site',
    find: ({ known }) =>
      (known.parameters ?? []).map((p) => said(`${quoted(`{${p.kind}:${p.name}}`)}: ${quoted(p.what)}`)),
  },
];

function blindPlaces({ known }: LintWorld, applies: (kind: BehaviourKind) => boolean): Place[] {
  const blind = notCovered(known.coverage).filter((word) => applies(kindOfWord(word)));
  return blind.length === 0 ? [] : [said(`${listed(blind)} ${blind.length === 1 ? 'passes' : 'pass'}`)];
}

function declaredOf({ known }: LintWorld): Set<string> {
  return new Set((known.parameters ?? []).map((p) => `{${p.kind}:${p.name}}`));
}

function usedParameters({ sides }: LintWorld): Set<string> {
  const texts = sides.flatMap(({ program: p }) => [
    ...p.files.map((f) => f.path),
    ...p.network.flatMap((n) => (n.do === 'listen' ? [] : [n.do === 'connect' ? n.peer : n.name])),
  ]);
  const used = texts.map(parameterOf).filter((p) => p !== undefined);
  return new Set(used.map((p) => `{${p.kind}:${p.name}}`));
}
