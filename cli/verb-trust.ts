import type { Command } from 'commander';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readGivenPolicy } from './policy-file.ts';
import { policySentences } from './policy-text.ts';
import { fileName } from './read-file.ts';
import { registerAdd } from './verb-trust-add.ts';
import { registerInit } from './verb-trust-init.ts';
import { registerPush } from './verb-trust-push.ts';
import { registerRetire } from './verb-trust-retire.ts';
import { registerRevoke } from './verb-trust-revoke.ts';
import { registerSign } from './verb-trust-sign.ts';

export function register(program: Command, io: Io): void {
  const trust = program.command('trust').description('whom this site believes, and for which images');
  examples(trust, [
    ['whorl trust init --signer vendor.pub --image shop --out policy.json', 'begin'],
    ['whorl trust show policy.json', 'who may sign what'],
    [
      "whorl trust add policy.json --signer acme.pub --image 'acme.example/**' --out policy.json",
      'one vendor more',
    ],
    ['whorl trust revoke policy.json --key acme.pub --reason "key stolen" --out policy.json', 'shut one out'],
  ]);
  registerInit(trust, io);
  registerAdd(trust, io);
  registerRetire(trust, io);
  registerRevoke(trust, io);
  const show = trust
    .command('show')
    .description('say in sentences what a trust policy means')
    .argument('<policy.json>', 'also a signed one; its signatures are not checked here')
    .option('--json', 'one JSON object')
    .action((path: string, options: { json?: boolean }) => showPolicy(io, path, options.json === true));
  examples(show, [['whorl trust show policy.json', 'who may sign what']]);
  registerSign(trust, io);
  registerPush(trust, io);
}

async function showPolicy(io: Io, path: string, json: boolean): Promise<void> {
  const { policy, envelope } = await readGivenPolicy(io, path);
  if (envelope !== undefined) io.err(`nobody checked here who signed ${fileName(path)}; agents do`);
  if (json) io.out(JSON.stringify(trustPolicyDocument(policy)));
  else for (const sentence of policySentences(policy)) io.out(sentence);
}
