import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { redactArgs, redactText } from '../../fingerprint/secrets.ts';

/** Takes secrets out of every string of a behaviour. Nothing is kept, compared or sent before this. */
export function redact(b: Behaviour): Behaviour {
  const lineage = b.lineage.map(redactText);
  switch (b.kind) {
    case 'exec':
      return { ...b, lineage, args: redactArgs(b.args) };
    case 'load':
    case 'open':
    case 'delete':
      return { ...b, lineage, path: redactText(b.path) };
    case 'link':
      return { ...b, lineage, path: redactText(b.path), target: redactText(b.target) };
    case 'rename':
      return { ...b, lineage, path: redactText(b.path), to: redactText(b.to) };
    case 'connect':
      return { ...b, lineage, peer: redactText(b.peer) };
    case 'resolve':
      return { ...b, lineage, name: redactText(b.name) };
    case 'privilege':
      return b.detail === undefined ? { ...b, lineage } : { ...b, lineage, detail: redactText(b.detail) };
    case 'listen':
      return { ...b, lineage };
  }
}
