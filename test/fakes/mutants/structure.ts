import type { Dice } from './dice.ts';
import { envelopeIn, type Mutation, onEnvelope, parsed, signaturesOf, written } from './mutation.ts';

const members = ['payload', 'payloadType', 'signatures'] as const;
const types = [
  'application/vnd.in-toto+json',
  'application/vnd.whorl.command.v1+json',
  'application/vnd.whorl.lease.v1+json',
  'application/vnd.whorl.trust-policy.v1+json',
  'application/vnd.in-toto.provenance+json',
  'APPLICATION/VND.IN-TOTO+JSON',
  'application/vnd.in-toto+json ',
  '',
];
/** What JSON can hold where a text is expected. */
const strange: readonly unknown[] = [null, true, 0, -1, 1e300, [], {}, [''], { toString: 'x' }, '', 'AAAA'];
/** Numbers that readers take differently; two are no JSON at all. */
const numbers = ['1e999', '-0', '1.0', '1E0', '9007199254740993', '-1', '01', '.5', 'NaN', '0x10'];

/** Changes by somebody who knows the form of envelopes and bundles, but holds no key. */
export const structureMutations: Readonly<Record<string, Mutation>> = {
  'a member twice': (document, dice, others) => {
    const name = dice.pick([...members, 'sig', 'keyid']);
    const stolen = envelopeIn(parsed(dice.pick(others)));
    const value = JSON.stringify(stolen[name] ?? signaturesOf(stolen)[0]?.[name] ?? '');
    const text = Buffer.from(document.bytes).toString();
    const [first, last] = [text.indexOf(`"${name}":`), text.lastIndexOf('}')];
    const at = dice.below(2) === 0 && first >= 0 ? first : last;
    const pair = at === last ? `,"${name}":${value}` : `"${name}":${value},`;
    return Buffer.from(text.slice(0, at) + pair + text.slice(at));
  },
  'signatures moved about': onEnvelope((envelope, dice, others) => {
    const own = signaturesOf(envelope);
    const stolen = signaturesOf(envelopeIn(parsed(dice.pick(others))));
    const one = dice.pick(own);
    envelope.signatures = dice.pick<() => unknown>([
      () => own.toReversed(),
      () => own.slice(1),
      () => [...own, ...own],
      () => [...own, ...stolen],
      () => [...stolen, ...own],
      () => stolen,
      () => [...own, {}],
      () => [...own, null],
      () => Array(dice.pick([15, 16, 17, 200])).fill(one),
      () => [one, { ...one, keyid: '' }],
      () => ({ ...own }),
    ])();
  }),
  'the content of another': onEnvelope((envelope, dice, others) => {
    envelope.payload = envelopeIn(parsed(dice.pick(others))).payload;
  }),
  'the signatures of another': onEnvelope((envelope, dice, others) => {
    envelope.signatures = envelopeIn(parsed(dice.pick(others))).signatures;
  }),
  'another type': onEnvelope((envelope, dice) => {
    envelope.payloadType = dice.pick(types);
  }),
  'other key ids': onEnvelope((envelope, dice, others) => {
    const stolen = dice.pick(signaturesOf(envelopeIn(parsed(dice.pick(others)))));
    const ids = [stolen.keyid ?? '', '', 'SHA256:abc', 'f'.repeat(64), '__proto__', 'A'.repeat(64)];
    for (const signature of signaturesOf(envelope)) signature.keyid = dice.pick(ids);
  }),
  'a member of another kind': onEnvelope((envelope, dice) => {
    const signature = dice.pick(signaturesOf(envelope));
    const value = dice.pick(strange);
    if (dice.below(2) === 0) envelope[dice.pick(members)] = value;
    else signature[dice.pick(['sig', 'keyid'])] = value;
  }),
  'a member left out': onEnvelope((envelope, dice) => {
    if (dice.below(3) === 0) delete dice.pick(signaturesOf(envelope)).sig;
    else delete envelope[dice.pick(members)];
  }),
  'a name nearly right': (document, dice) => {
    const name = dice.pick([...members, 'sig', 'keyid', 'dsseEnvelope', 'mediaType']);
    const near = dice.pick([name.toUpperCase(), `${name} `, name.replace('a', 'а'), `${name}\u0000`, '']);
    const text = Buffer.from(document.bytes).toString();
    return Buffer.from(text.replace(`"${name}":`, `${JSON.stringify(near)}:`));
  },
  'more members': (document, dice, others) => {
    const root = parsed(document);
    const name = dice.pick([
      'more',
      'mediaType',
      'dsseEnvelope',
      'verificationMaterial',
      'critical',
      'payload',
    ]);
    root[name] = dice.pick<unknown>([parsed(dice.pick(others)), ...strange, ...types]);
    return written(root);
  },
  'members of the prototype': (document, dice, others) => {
    const name = dice.pick(['__proto__', 'constructor', 'toString']);
    const stolen = Buffer.from(dice.pick(others).bytes).toString();
    const text = Buffer.from(document.bytes).toString();
    return Buffer.from(`{"${name}":${stolen},${text.slice(1)}`);
  },
  'odd numbers': (document, dice) => {
    const text = Buffer.from(document.bytes).toString();
    return Buffer.from(`{"n":${dice.pick(numbers)},${text.slice(1)}`);
  },
  'depth without end': (document, dice) => {
    const [open, close] = dice.pick([
      ['[', ']'],
      ['{"a":', '}'],
    ]);
    const depth = dice.pick([1, 31, 32, 33, 5000]);
    const text = Buffer.from(document.bytes).toString();
    const deep = `${open.repeat(depth)}0${close.repeat(depth)}`;
    return Buffer.from(
      dice.pick([
        `{"n":${deep},${text.slice(1)}`,
        `${open.repeat(depth)}${text}${close.repeat(depth)}`,
        deep,
      ]),
    );
  },
  'an envelope that says it is a bundle, and the reverse': (document, dice) => {
    const root = parsed(document);
    const { mediaType: _mediaType, ...rest } = root;
    const material = dice.pick<unknown>([
      { publicKey: { hint: '' } },
      { certificate: { rawBytes: 'AAAA' } },
      { publicKey: {}, certificate: {} },
      null,
    ]);
    const mediaType = `application/vnd.dev.sigstore.bundle.v0.${dice.pick(['3', '2', '4'])}+json`;
    return written(
      dice.pick<unknown>([
        rest,
        { ...root, mediaType },
        { mediaType, verificationMaterial: material, dsseEnvelope: envelopeIn(root) },
        { ...envelopeIn(root), mediaType, verificationMaterial: material, dsseEnvelope: envelopeIn(root) },
        envelopeIn(root),
        [root],
      ]),
    );
  },
  'text written in other ways': (document, dice) => unicode(Buffer.from(document.bytes).toString(), dice),
};

function unicode(text: string, dice: Dice): Uint8Array {
  const at = 1 + dice.below(text.length - 1);
  const escaped = `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
  const changed = dice.pick([
    `\ufeff${text}`,
    text.slice(0, at) + escaped + text.slice(at + 1),
    `${text.slice(0, at)}\\ud800${text.slice(at)}`,
    `${text.slice(0, at)}\u2028${text.slice(at)}`,
    text.replaceAll(':', ' :\r\n'),
    text.normalize('NFD').replace('a', 'a\u0301'),
  ]);
  // Not every byte sequence is a text: UTF-16, and half a character at the end.
  return dice.pick([
    Buffer.from(changed),
    Buffer.from(changed, 'utf16le'),
    Buffer.from(`${changed}é`).subarray(0, -1),
  ]);
}
