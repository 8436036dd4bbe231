import { sha256Hex } from './digest.ts';
import { baseName } from './program.ts';
import { isPlainValue, isSecretName } from './secret-names.ts';
import { needs, type SecretRule, secretRules, shortestToken } from './secret-rules.ts';

const secretPlaceholder = '{secret}';

/** The text with every secret the table knows replaced by `{secret}`. Idempotent. */
export function redactText(s: string): string {
  const traits = traitsOf(s);
  if (traits === 0) return s;
  let text = s;
  for (const rule of secretRules) if ((traits & rule.needs) !== 0) text = applyRule(text, rule);
  return text;
}

/** What a text must have for a rule to apply; one cheap pass instead of nine expressions for the usual path. */
function traitsOf(s: string): number {
  let traits = s.length >= 32 && s.includes('/') ? needs.slashes : 0;
  let run = 0;
  for (let i = 0; i < s.length; i++) {
    const code = s.charCodeAt(i);
    run = isTokenChar(code) ? run + 1 : 0;
    if (run === 0) traits |= traitOf(code);
    else if (run === shortestToken) traits |= needs.run;
  }
  return traits;
}

function traitOf(code: number): number {
  if (code === 0x3a || code === 0x3d || code === 0x25) return needs.separator;
  const space = code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return space || code === 0x22 || code === 0x27 ? needs.gap : 0;
}

function isTokenChar(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x5f ||
    code === 0x2d ||
    code === 0x2b
  );
}

function applyRule(text: string, rule: SecretRule): string {
  const find = new RegExp(rule.find);
  let clean = '';
  let copied = 0;
  for (let match = find.exec(text); match !== null; match = find.exec(text)) {
    const keep = match.groups?.keep;
    const start = match.index + (keep?.length ?? 0);
    const end = endOfSecret(text, match, start, rule);
    if (end === undefined) {
      // What was taken for a value may hold a name and value of its own: `https://a/?token=…`.
      if (keep !== undefined) find.lastIndex = start;
      continue;
    }
    clean += `${text.slice(copied, start)}${secretPlaceholder}`;
    copied = end;
    find.lastIndex = end;
  }
  return clean + text.slice(copied);
}

/** Where the secret ends that begins at `start`; undefined when it is none. */
function endOfSecret(
  text: string,
  match: RegExpExecArray,
  start: number,
  { value, accept }: SecretRule,
): number | undefined {
  const groups = match.groups ?? {};
  if (value === undefined) return accept?.(groups) === false ? undefined : match.index + match[0].length;
  if (!isSecretName(groups.name ?? '')) return undefined;
  value.lastIndex = start;
  const then = value.exec(text);
  if (then === null || accept?.({ ...groups, ...then.groups }) === false) return undefined;
  return start + then[0].length;
}

/** Options whose next argument, or whose own rest, is a password, in tools that give them no telling name. */
const toolOptions: ReadonlyMap<string, RegExp> = new Map([
  ['mysql', /^-p(?=.)/],
  ['mysqldump', /^-p(?=.)/],
  ['mysqladmin', /^-p(?=.)/],
  ['mariadb', /^-p(?=.)/],
  ['sshpass', /^-p/],
  ['redis-cli', /^-a/],
  ['mongo', /^-p/],
  ['mongosh', /^-p/],
  ['ldapsearch', /^-w/],
  ['ldapmodify', /^-w/],
  ['curl', /^(-u|--user=?|-U|--proxy-user=?)/],
  ['smbclient', /^-U/],
  ['openssl', /^(pass:|-K$)/],
]);

/** An argument vector with every secret replaced. Knows options whose value is the next argument. Idempotent. */
export function redactArgs(args: readonly string[]): string[] {
  const tool = toolOptions.get(baseName(args[0] ?? ''));
  return args.map((arg, i) => {
    const before = i === 0 ? undefined : args[i - 1];
    if (before !== undefined && announces(before, arg, tool)) return secretPlaceholder;
    const kept = tool?.exec(arg)?.[0];
    if (i > 0 && kept !== undefined && kept.length < arg.length) return `${kept}${secretPlaceholder}`;
    return redactArg(arg);
  });
}

/** Whether `option` says that the argument after it is a secret. */
function announces(option: string, arg: string, tool: RegExp | undefined): boolean {
  if (tool?.exec(option)?.[0] === option && !option.endsWith('=') && !option.endsWith(':')) return true;
  const name = /^--?([A-Za-z][\w.-]*)$/.exec(option)?.[1];
  return name !== undefined && isSecretName(name) && !/^--?[A-Za-z]/.test(arg) && !isPlainValue(name, arg);
}

/**
 * `--password=…`: all after the sign is the value, whatever characters it holds. `PASSWORD=…` too, unless it goes on
 * like a script: what a script does after setting a variable must stay to be seen.
 */
function redactArg(arg: string): string {
  const match = /^(--?([A-Za-z_][\w.-]*)=)([\s\S]+)$|^(([A-Za-z_]\w*)=)((?:(?!\$[({])[^\s;|&`])+)$/.exec(arg);
  const [kept = '', name = '', value = ''] = match?.slice(1).filter((part) => part !== undefined) ?? [];
  if (isSecretName(name) && !isPlainValue(name, value)) return `${kept}${secretPlaceholder}`;
  return redactText(arg);
}

/** A secret that is still in a document. `id` names rule and text, so that a person can allow exactly this one. */
export interface SecretFinding {
  readonly field: string;
  readonly id: string;
}

/** Looks through all texts of a JSON value; lists of texts are read as argument vectors too. */
export function findSecrets(value: unknown): SecretFinding[] {
  const found: SecretFinding[] = [];
  visit(value, '', found);
  return found;
}

function visit(value: unknown, field: string, found: SecretFinding[]): void {
  if (typeof value === 'string') {
    if (redactText(value) !== value) found.push({ field, id: findingId(value) });
  } else if (Array.isArray(value)) visitList(value, field, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (redactText(name) !== name) found.push({ field, id: findingId(name) });
      visit(member, field === '' ? name : `${field}.${name}`, found);
    }
  }
}

function visitList(list: readonly unknown[], field: string, found: SecretFinding[]): void {
  if (!list.every((item) => typeof item === 'string')) {
    for (const [i, item] of list.entries()) visit(item, `${field}[${i}]`, found);
    return;
  }
  const clean = redactArgs(list);
  for (const [i, item] of list.entries()) {
    if (clean[i] !== item) found.push({ field: `${field}[${i}]`, id: findingId(item) });
  }
}

function findingId(text: string): string {
  const rule = secretRules.find((r) => applyRule(text, r) !== text);
  return `${rule?.id ?? 'argument'}:${sha256Hex(new TextEncoder().encode(text)).slice(0, 12)}`;
}
