import type { Command } from 'commander';
import type { Io } from './io.ts';

/** What each `verb-*.ts` exports. Heavy imports belong into the action, so that help stays quick. */
export interface Verb {
  register(program: Command, io: Io): void;
}

/** Every verb, in the order of the help. Loaded one at a time: `whorl --version` loads none. */
export const verbs: Readonly<Record<string, () => Promise<Verb>>> = {
  up: () => import('./verb-up.ts'),
  demo: () => import('./verb-demo.ts'),
  doctor: () => import('./verb-doctor.ts'),
  status: () => import('./verb-status.ts'),
  incidents: () => import('./verb-incidents.ts'),
  login: () => import('./verb-login.ts'),
  policy: () => import('./verb-policy.ts'),
  explain: () => import('./verb-explain.ts'),
  resume: () => import('./verb-resume.ts'),
  record: () => import('./verb-record.ts'),
  step: () => import('./verb-step.ts'),
  learn: () => import('./verb-learn.ts'),
  diff: () => import('./verb-diff.ts'),
  lint: () => import('./verb-lint.ts'),
  merge: () => import('./verb-merge.ts'),
  prune: () => import('./verb-prune.ts'),
  backtest: () => import('./verb-backtest.ts'),
  judge: () => import('./verb-judge.ts'),
  inspect: () => import('./verb-inspect.ts'),
  import: () => import('./verb-import.ts'),
  export: () => import('./verb-export.ts'),
  keygen: () => import('./verb-keygen.ts'),
  trust: () => import('./verb-trust.ts'),
  sign: () => import('./verb-sign.ts'),
  verify: () => import('./verb-verify.ts'),
  attach: () => import('./verb-attach.ts'),
  pull: () => import('./verb-pull.ts'),
  list: () => import('./verb-list.ts'),
  save: () => import('./verb-save.ts'),
  load: () => import('./verb-load.ts'),
  bind: () => import('./verb-bind.ts'),
  approve: () => import('./verb-approve.ts'),
  accept: () => import('./verb-accept.ts'),
  revert: () => import('./verb-revert.ts'),
  notify: () => import('./verb-notify.ts'),
  audit: () => import('./verb-audit.ts'),
  agent: () => import('./verb-agent.ts'),
  collector: () => import('./verb-collector.ts'),
  completion: () => import('./verb-completion.ts'),
};
