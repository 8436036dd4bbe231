import type { Behaviour, BehaviourOf } from './behaviour.ts';
import { codeOperands } from './code-operands.ts';
import { applyAll, generaliseCode, generalisePath, hasAnchor, substituteCode } from './generalise-path.ts';
import { argumentRules, nameRules } from './generalise-text-rules.ts';
import { memoised } from './memo.ts';
import { redactArgs, redactText } from './secrets.ts';
import { isSensitivePath } from './sensitive.ts';
import { isLoopback, type Substitutions, substitute, substitutePeers } from './substitute.ts';

export { generalisePath } from './generalise-path.ts';
export type { Substitutions } from './substitute.ts';

/** First port Linux hands out by itself; from here on a listening or datagram port is drawn, not chosen. */
const firstEphemeral = 32_768;

/**
 * The form in which a behaviour is learned and judged: this copy's own names, then secrets, then what changes from run
 * to run become placeholders (docs/format.md, generalisation). Idempotent; never makes an exec or load a pattern.
 */
export function generalise(b: Behaviour, known: Substitutions): Behaviour {
  const lineage = generaliseLineage(b.lineage, known);
  switch (b.kind) {
    case 'exec':
      return { ...b, lineage, args: generaliseArgs(b.args, known) };
    case 'load':
      return { ...b, lineage, path: generaliseCode(b.path, known, b.origin === 'image') };
    case 'open':
      return { ...b, lineage, path: generalisePath(b.path, known, b.access) };
    case 'link':
      return {
        ...b,
        lineage,
        path: generalisePath(b.path, known, 'link'),
        target: generalisePath(b.target, known, 'link'),
      };
    case 'delete':
      return { ...b, lineage, path: generalisePath(b.path, known, 'delete') };
    case 'rename':
      return {
        ...b,
        lineage,
        path: generalisePath(b.path, known, 'rename'),
        to: generalisePath(b.to, known, 'rename'),
      };
    case 'connect':
      return { ...generaliseConnect(b, known), lineage };
    case 'listen':
      return { ...b, lineage, port: ephemeral(b.port) };
    case 'resolve':
      return { ...b, lineage, name: generaliseName(b.name, known) };
    case 'privilege':
      return b.detail === undefined
        ? { ...b, lineage }
        : { ...b, lineage, detail: redactText(substitute(b.detail, known)) };
  }
}

/** A few hundred programs run on a node; each stands in the lineage of every event. */
const redactExe = memoised(redactText, 4096);

/** The same list when nothing changes, which is nearly always. */
function generaliseLineage(lineage: readonly string[], known: Substitutions): readonly string[] {
  const general = lineage.map((exe) => redactExe(substituteCode(exe, known)));
  return general.every((exe, i) => exe === lineage[i]) ? lineage : general;
}

/** An argument vector. Code given as an argument keeps its exact text, but for secrets and this copy's own names. */
export function generaliseArgs(args: readonly string[], known: Substitutions): string[] {
  const clean = redactArgs(args.map((arg) => substituteAll(arg, known)));
  const code = codeOperands(clean);
  return clean.map((arg, i) => (i === 0 || code.has(i) ? arg : generaliseText(arg)));
}

/** One argument that is not code. */
export function generaliseArg(arg: string, known: Substitutions): string {
  return generaliseText(redactText(substituteAll(arg, known)));
}

/** In an argument an address stands for whoever lives there: a start script writes it into a configuration. */
function substituteAll(arg: string, known: Substitutions): string {
  const { peers } = known;
  const own = substitute(arg, known);
  if (peers === undefined) return own;
  return substitutePeers(own, (address) => {
    const name = peers(address);
    return name === undefined ? undefined : generalisePeer(name, known);
  });
}

function generaliseText(arg: string): string {
  // What a sensitive file is called decides how grave it is to name it.
  if (isSensitivePath(arg)) return arg;
  const general = applyAll(argumentRules, arg);
  return hasAnchor(general) ? general : arg;
}

/** A DNS name: lower case, no final dot; at least two labels stay literal. */
export function generaliseName(name: string, known: Substitutions): string {
  const own = redactText(substitute(name.toLowerCase().replace(/\.$/, ''), known));
  const general = applyAll(nameRules, own);
  const literal = general.split('.').filter(hasAnchor);
  return literal.length >= 2 ? general : own;
}

function generaliseConnect(b: BehaviourOf<'connect'>, known: Substitutions): BehaviourOf<'connect'> {
  if (b.transport === 'unix') return { ...b, peer: generalisePath(b.peer, known, 'write') };
  // Datagram peers answer from drawn ports; for a stream the port was chosen by whoever connects.
  const port = b.transport === 'udp' ? ephemeral(b.port) : b.port;
  if (isLoopback(b.peer)) {
    const { unnamed: _nameKnown, ...named } = b;
    return { ...named, peer: 'localhost', port };
  }
  return { ...b, peer: generalisePeer(b.peer, known), port };
}

/** A DNS name; else an address, or a name of another kind (`workload:shop/cart`). */
function generalisePeer(peer: string, known: Substitutions): string {
  const isName = /[g-zG-Z]/.test(peer) && !peer.includes(':');
  return isName ? generaliseName(peer, known) : redactText(substitute(peer, known));
}

function ephemeral(port: number): number {
  return port >= firstEphemeral ? -1 : port;
}
