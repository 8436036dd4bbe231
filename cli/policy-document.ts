import { stringify } from 'yaml';
import { type ParsedPolicy, parseResponsePolicy } from '../collector/core/parse-response-policy.ts';
import type { ResponsePolicy } from '../collector/core/response-policy.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { readYaml } from './import-yaml.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** 200 rules of 64 long patterns each. */
const maxBytes = 1 << 20;

type Good = Extract<ParsedPolicy, { readonly kind: 'policy' }>;

/** @throws CliError with every problem and its place */
export async function readPolicyFile(io: Io, path: string): Promise<Good & { readonly document: unknown }> {
  const document = await readPolicyDocument(io, path);
  const parsed = parseResponsePolicy(document);
  if (parsed.kind === 'policy') return { ...parsed, document };
  throw policyProblems(path, parsed.problems);
}

export function policyProblems(path: string, problems: readonly string[]): CliError {
  return new CliError(exitCodes.usage, `${fileName(path)}: ${problems.join('\n  ')}`);
}

/**
 * The one document of a YAML or JSON file, as plain values.
 * @throws CliError when it cannot be read or holds several
 */
export async function readPolicyDocument(io: Io, path: string): Promise<unknown> {
  const bytes = await io.readFile(path, { maxBytes });
  const documents = about(fileName(path), () => readYaml(bytes));
  if (documents.length === 1) return documents[0];
  throw new CliError(
    exitCodes.usage,
    `${fileName(path)} holds ${documents.length} documents; a response policy is one`,
  );
}

/** As a person writes it, so that it can be changed and set again. */
export function policyYaml(policy: ResponsePolicy): string {
  return stringify(policy, { lineWidth: 100 }).trimEnd();
}
