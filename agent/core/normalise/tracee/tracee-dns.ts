import { toAddress } from '../../../../fingerprint/address.ts';
import type { DnsAnswer } from '../../../../fingerprint/event.ts';
import { Wire } from '../../hotpath/wire.ts';
import { textOf } from '../sensor-text.ts';
import type { Beside, Read, ReadersOf } from './tracee-facts.ts';
import { lateFields } from './tracee-fields.ts';

const packetField = { from: 1, to: 2, fromPort: 3, toPort: 4, direction: 8 } as const;
const direction = { ingress: 1, egress: 3 } as const;
const dnsField = { id: 1, isAnswer: 2, questions: 14, answers: 15 } as const;
const questionField = { name: 1, type: 2 } as const;
const recordField = { name: 1, type: 2, ttl: 4, address: 5, alias: 7 } as const;
const responseField = { question: 1, answers: 2 } as const;
const answerField = { type: 1, ttl: 2, data: 3 } as const;
const listField = 1;
const dnsPort = 53;
/** As many as the events of recordings may have. */
const maxAnswers = 256;
/** `NSEC3PARAM`, and whatever else calls itself so. */
const maxType = 16;

interface Packet {
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  /** 0: releases before v0.21 do not tell. */
  readonly direction: number;
}

interface Question {
  readonly name: string;
  readonly type: string;
}

function text({ bytes, from, to }: Wire): string {
  return textOf(bytes.subarray(from, to));
}

/** Texts and numbers of one message by field; undefined: it is broken. */
function fieldsOf(
  wire: Wire | undefined,
): { texts: Map<number, string>; numbers: Map<number, number> } | undefined {
  if (wire === undefined) return undefined;
  const texts = new Map<number, string>();
  const numbers = new Map<number, number>();
  while (wire.next())
    if (wire.type === 2) texts.set(wire.field, text(wire));
    else if (wire.type === 0) numbers.set(wire.field, wire.low);
  return wire.broken ? undefined : { texts, numbers };
}

function packetOf(wire: Wire | undefined): Packet | undefined {
  const fields = fieldsOf(wire);
  if (fields === undefined) return undefined;
  const { texts, numbers } = fields;
  return {
    from: texts.get(packetField.from) ?? '',
    to: texts.get(packetField.to) ?? '',
    fromPort: numbers.get(packetField.fromPort) ?? 0,
    toPort: numbers.get(packetField.toPort) ?? 0,
    direction: numbers.get(packetField.direction) ?? 0,
  };
}

/** The messages in that field, each as a reader of its own. */
function messagesIn(wire: Wire, field: number): Wire[] | undefined {
  const found: Wire[] = [];
  while (wire.next())
    if (wire.field === field && wire.type === 2) found.push(new Wire().place(wire.bytes, wire.from, wire.to));
  return wire.broken ? undefined : found;
}

function questionOf(wire: Wire | undefined): Question | undefined {
  const fields = fieldsOf(wire);
  const name = fields?.texts.get(questionField.name)?.toLowerCase().replace(/\.$/, '') ?? '';
  const type = fields?.texts.get(questionField.type) ?? '';
  return name === '' || type === '' || type.length > maxType ? undefined : { name, type };
}

/**
 * A question or answer of the process itself: what a server of names receives and what it answers is its peers' doing.
 *
 * `id` ties an answer to its question. `net_packet_dns` tells that of the message; the derived events tell none, and there
 * the port of the one who asked stands for it: the kernel gives no other socket an answer to that port. Whoever can put
 * packets with the server's address before the container may then answer without knowing the number.
 */
function resolved(
  { name, type }: Question,
  packet: Packet,
  id: number,
  answers: readonly DnsAnswer[] | undefined,
): Read {
  const isAnswer = answers !== undefined;
  const serverPort = isAnswer ? packet.fromPort : packet.toPort;
  const own = isAnswer ? direction.ingress : direction.egress;
  if (serverPort !== dnsPort || (packet.direction !== 0 && packet.direction !== own)) return 'nothing';
  const server = toAddress(isAnswer ? packet.from : packet.to);
  if (server === '') return 'unreadable';
  const common = { kind: 'resolve', name, type, id: id & 0xffff, server } as const;
  return isAnswer ? { ...common, phase: 'answer', answers } : { ...common, phase: 'question' };
}

function recordOf(wire: Wire): DnsAnswer | undefined {
  const fields = fieldsOf(wire);
  if (fields === undefined) return undefined;
  const name = (fields.texts.get(recordField.name) ?? '').toLowerCase();
  const ttl = fields.numbers.get(recordField.ttl) ?? 0;
  const type = fields.texts.get(recordField.type);
  if (type === 'A' || type === 'AAAA')
    return { name, type, ttl, data: toAddress(fields.texts.get(recordField.address) ?? '') };
  if (type === 'CNAME') return { name, type, ttl, data: fields.texts.get(recordField.alias) ?? '' };
  return undefined;
}

/** Derived responses leave out whose record each is: it is taken for that of the alias before it, as servers order them. */
function chained(question: Question, wires: readonly Wire[]): DnsAnswer[] {
  const answers: DnsAnswer[] = [];
  let name = question.name;
  for (const wire of wires.slice(0, maxAnswers)) {
    const fields = fieldsOf(wire);
    const type = fields?.texts.get(answerField.type);
    const data = fields?.texts.get(answerField.data) ?? '';
    const ttl = fields?.numbers.get(answerField.ttl) ?? 0;
    if (type === 'A' || type === 'AAAA') answers.push({ name, type, ttl, data: toAddress(data) });
    if (type !== 'CNAME') continue;
    answers.push({ name, type, ttl, data });
    name = data.toLowerCase().replace(/\.$/, '');
  }
  return answers;
}

export const dnsReaders: ReadersOf<'net_packet_dns' | 'net_packet_dns_request' | 'net_packet_dns_response'> =
  {
    net_packet_dns: (v, { dialect }) => {
      const late = lateFields[dialect];
      const told = packetOf(v.message('metadata', late.packet));
      const packet: Packet = {
        from: v.text('src') ?? told?.from ?? '',
        to: v.text('dst') ?? told?.to ?? '',
        fromPort: v.number('src_port') ?? told?.fromPort ?? 0,
        toPort: v.number('dst_port') ?? told?.toPort ?? 0,
        direction: told?.direction ?? 0,
      };
      const head = fieldsOf(v.message('proto_dns', late.dns));
      const questions = messagesOf(v.message('proto_dns', late.dns), dnsField.questions);
      const records = messagesOf(v.message('proto_dns', late.dns), dnsField.answers);
      if (head === undefined || questions === undefined || records === undefined) return 'unreadable';
      const question = questions.length === 1 ? questionOf(questions[0]) : undefined;
      // Exactly one question: all that resolvers in use ask at once.
      if (question === undefined) return 'nothing';
      const answers = records.slice(0, maxAnswers).flatMap((wire) => recordOf(wire) ?? []);
      const isAnswer = head.numbers.get(dnsField.isAnswer) === 1;
      return resolved(question, packet, head.numbers.get(dnsField.id) ?? 0, isAnswer ? answers : undefined);
    },
    net_packet_dns_request: (v, { dialect }) => {
      const late = lateFields[dialect];
      const packet = packetOf(v.message('metadata', late.packet));
      const questions = messagesOf(v.message('dns_questions', late.questions), listField);
      if (packet === undefined || questions === undefined) return 'unreadable';
      const question = questions.length === 1 ? questionOf(questions[0]) : undefined;
      return question === undefined ? 'nothing' : resolved(question, packet, packet.fromPort, undefined);
    },
    net_packet_dns_response: (v, { dialect }) => response(v, dialect),
  };

function messagesOf(wire: Wire | undefined, field: number): Wire[] | undefined {
  return wire === undefined ? undefined : messagesIn(wire, field);
}

function response(
  v: Parameters<(typeof dnsReaders)['net_packet_dns_response']>[0],
  dialect: Beside['dialect'],
): Read {
  const late = lateFields[dialect];
  const packet = packetOf(v.message('metadata', late.packet));
  const responses = messagesOf(v.message('dns_response', late.responses), listField);
  if (packet === undefined || responses === undefined) return 'unreadable';
  const [only] = responses;
  if (only === undefined || responses.length > 1) return 'nothing';
  const { bytes } = only;
  const parts: { readonly field: number; readonly wire: Wire }[] = [];
  while (only.next())
    if (only.type === 2) parts.push({ field: only.field, wire: new Wire().place(bytes, only.from, only.to) });
  const questions = parts.filter(({ field }) => field === responseField.question);
  if (only.broken || questions.length > 1) return 'unreadable';
  const question = questionOf(questions[0]?.wire);
  if (question === undefined) return 'nothing';
  const answers = parts.filter(({ field }) => field === responseField.answers).map(({ wire }) => wire);
  return resolved(question, packet, packet.toPort, chained(question, answers));
}
