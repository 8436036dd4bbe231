import type { Command } from 'commander';
import { sha256Hex } from '../fingerprint/digest.ts';
import { unboundParameters } from '../fingerprint/effective-bindings.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import type { OverlayContent } from '../fingerprint/overlay.ts';
import { printable } from '../fingerprint/printable.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { bindingsFrom } from './bound-options.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { bindingsTold, boundSentences, unboundSentences } from './overlay-words.ts';
import { type PassphraseOptions, passphraseOptions } from './passphrase.ts';
import { readTrustPolicy } from './policy-file.ts';
import { type PushOptions, pushOptions, pushSigned } from './push.ts';
import { fileName } from './read-file.ts';
import { statementOptions } from './statement-options.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxEnvelopeBytes = 32 << 20;

interface Options extends PassphraseOptions, PushOptions {
  readonly site: readonly string[];
  readonly volume: readonly string[];
  readonly key: string;
  readonly out: string;
  readonly trust?: string;
  readonly stream?: string;
  readonly overlayVersion: string;
  readonly issuedAt?: string;
  readonly expires?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('bind')
    .description(
      'say what a fingerprint leaves to the site: which database is "the database", where "data" lies',
    )
    .argument('<fingerprint>', 'signed fingerprint')
    .option(
      '--site <name=peer[:port]>',
      'peer that a site parameter stands for; may be repeated',
      collect,
      [],
    )
    .option('--volume <name=/dir>', 'directory that a volume stands for; may be repeated', collect, [])
    .requiredOption('--key <name.key>', "the site's private key")
    .requiredOption('--out <o.intoto.json>', 'the signed overlay')
    .option('--trust <policy.json>', 'verify the fingerprint first')
    .option('--stream <name>', 'sequence its versions count in (default: that of the fingerprint)')
    .option('--overlay-version <n>', 'larger than every earlier one of the stream', '1')
    .option('--issued-at <time>', 'default: SOURCE_DATE_EPOCH, or now')
    .option('--expires <time>', 'after it nothing of this is bound any more')
    .option('--reason <text>', 'why; signed with it');
  pushOptions(passphraseOptions(verb))
    .option('--dry-run', 'check everything and write nothing')
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => bind(io, path, options));
  examples(verb, [
    [
      'whorl bind cart.intoto.json --trust policy.json --site database=db.corp.example:5432 --key site.key --out cart.site.intoto.json',
      "this site's database is this one",
    ],
    [
      'whorl bind cart.intoto.json --site database=db1.corp.example --site database=db2.corp.example --volume data=/srv/carts --key site.key --out cart.site.intoto.json',
      'two servers, and where the data lies',
    ],
  ]);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function bind(io: Io, path: string, options: Options): Promise<void> {
  const { fingerprint, digest } = await readBase(io, path, options.trust);
  const parameters = fingerprint.parameters ?? [];
  if (options.site.length + options.volume.length === 0) throw nothingToBind(parameters);
  const bindings = bindingsFrom(options, parameters);
  const chosen = {
    stream: options.stream ?? fingerprint.stream,
    ...statementOptions(io, ['--overlay-version', options.overlayVersion], options),
  };
  const key = await readPrivateKey(io, options.key, options);
  const { reason } = options;
  const content: OverlayContent = {
    subject: fingerprint.subject,
    base: digest,
    bindings,
    ...(reason === undefined ? {} : { reason }),
  };
  const signed = about('the overlay', () => signOverlay(content, chosen, key), exitCodes.usage);
  const unbound = unboundParameters(parameters, bindings);
  for (const sentence of [...boundSentences(bindings), ...unboundSentences(unbound)]) io.err(sentence);
  if (options.dryRun === true) io.err(`would write ${fileName(options.out)}`);
  else await io.writeFile(options.out, signed.envelope, { overwrite: true });
  await pushSigned(io, options, signed.envelope);
  if (options.json === true) {
    const { keyId } = key.publicKey;
    const open = unbound.map(({ kind, name }) => ({ kind, name }));
    const about = { digest: signed.digest, base: digest, keyId, out: options.out };
    io.out(JSON.stringify({ ...about, ...bindingsTold(bindings), unbound: open }));
  } else io.out(`${fileName(options.out)} ${signed.digest}`);
}

interface Base {
  readonly fingerprint: Fingerprint;
  readonly digest: string;
}

/** Without a policy it is read and not believed: the overlay holds for these very bytes and no others. */
async function readBase(io: Io, path: string, trust: string | undefined): Promise<Base> {
  const policy = trust === undefined ? undefined : await readTrustPolicy(io, trust);
  const bytes = await io.readFile(path, { maxBytes: maxEnvelopeBytes });
  const name = fileName(path);
  if (policy !== undefined) {
    const verified = about(name, () => verifyFingerprint(bytes, policy, { now: io.now() }), exitCodes.trust);
    for (const warning of verified.warnings) io.err(`warning: ${warning.message} (${warning.code})`);
    return verified;
  }
  io.err(`warning: nobody checked who signed ${name}; give --trust to verify it first`);
  return about(name, () => {
    const { payload } = open(bytes, [statementPayloadType]);
    return { fingerprint: parseStatement(payload).fingerprint, digest: `sha256:${sha256Hex(payload)}` };
  });
}

function nothingToBind(parameters: Fingerprint['parameters'] = []): CliError {
  const open = parameters.map((p) => `--${p.kind} ${p.name}=… (${printable(p.what, 200)})`).join(', ');
  return new CliError(
    exitCodes.usage,
    open === '' ? 'the fingerprint leaves nothing to the site' : 'nothing was given to bind',
    open === '' ? undefined : `it leaves open: ${open}`,
  );
}
