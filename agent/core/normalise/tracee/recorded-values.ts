import { addressFamily, addressField } from '../../hotpath/tracee-raw.ts';
import { MessageWriter } from './message-writer.ts';
import { Loose, wholeNumber } from './recorded-json.ts';
import { lateFields, valueField } from './tracee-fields.ts';

const late = lateFields.main;

/**
 * The value of one argument as the wire would have it: by its JSON form, and by its name where forms are not enough. What
 * is of no form that is read becomes Tracee's nil.
 */
export function writeValue(writer: MessageWriter, name: string, value: unknown, at: string): void {
  if (typeof value === 'boolean') writer.number(valueField.yes, value ? 1 : 0);
  else if (typeof value === 'string' && name !== 'start_time') writer.text(valueField.text, value);
  else if (typeof value === 'object' && value !== null) writeObject(writer, name, value, at);
  else {
    const number = wholeNumber(value);
    if (number !== undefined) writer.number(number < 0n ? valueField.int64 : valueField.uint64, number);
  }
}

function writeObject(writer: MessageWriter, name: string, value: object, at: string): void {
  if (Array.isArray(value)) writeList(writer, name, value, at);
  else if (name === 'metadata') writer.message(late.packet, packet(new Loose(value, at)));
  else if (name === 'proto_dns') writer.message(late.dns, dns(new Loose(value, at)));
  else if (name === 'dns_questions' || name === 'dns_response')
    writeLists(writer, name, new Loose(value, at));
  else if (Object.hasOwn(value, 'sa_family'))
    writer.message(valueField.address, address(new Loose(value, at)));
}

function writeList(writer: MessageWriter, name: string, list: readonly unknown[], at: string): void {
  if (name === 'dns_questions' || name === 'dns_response')
    writeLists(writer, name, new Loose({ questions: list, responses: list }, at));
  else if (list.every((item) => typeof item === 'string')) {
    const texts = new MessageWriter();
    for (const item of list) texts.text(1, item);
    writer.message(valueField.texts, texts.bytes());
  }
}

function writeLists(writer: MessageWriter, name: 'dns_questions' | 'dns_response', value: Loose): void {
  const list = new MessageWriter();
  if (name === 'dns_questions') {
    for (const question of value.objects('questions')) list.message(1, query(question));
    writer.message(late.questions, list.bytes());
    return;
  }
  for (const response of value.objects('responses')) {
    const one = new MessageWriter();
    const asked = response.object('dns_query_data') ?? response.object('query_data');
    if (asked !== undefined) one.message(1, query(asked));
    for (const answer of response.objects('dns_answer'))
      one.message(2, recordOf(answer.text(answer.has('type') ? 'type' : 'answer_type'), answer));
    list.message(1, one.bytes());
  }
  writer.message(late.responses, list.bytes());
}

function query(value: Loose): Uint8Array {
  return new MessageWriter().text(1, value.text('query')).text(2, value.text('query_type')).bytes();
}

function recordOf(type: string, answer: Loose): Uint8Array {
  const ttl = answer.number('ttl') ?? 0;
  return new MessageWriter().text(1, type).number(2, ttl).text(3, answer.text('answer')).bytes();
}

function packet(value: Loose): Uint8Array {
  const writer = new MessageWriter().text(1, value.text('src_ip')).text(2, value.text('dst_ip'));
  writer.number(3, value.number('src_port') ?? 0).number(4, value.number('dst_port') ?? 0);
  const told = value.get('direction');
  const direction = told === 'INGRESS' ? 1 : told === 'EGRESS' ? 3 : typeof told === 'number' ? told : 0;
  return writer.number(8, direction).bytes();
}

/** Older releases write its members by the names of Go. */
function dns(value: Loose): Uint8Array {
  const either = (a: string, b: string): string => (value.has(a) ? a : b);
  const writer = new MessageWriter().number(1, value.number(either('id', 'ID')) ?? 0);
  writer.number(2, value.number(either('qr', 'QR')) ?? 0);
  for (const question of value.objects('questions'))
    writer.message(
      14,
      new MessageWriter().text(1, question.text('name')).text(2, question.text('type')).bytes(),
    );
  for (const answer of value.objects('answers')) {
    const one = new MessageWriter().text(1, answer.text('name')).text(2, answer.text('type'));
    one.number(4, answer.number(answer.has('ttl') ? 'ttl' : 'TTL') ?? 0);
    one.text(5, answer.text(answer.has('ip') ? 'ip' : 'IP'));
    one.text(7, answer.text(answer.has('cname') ? 'cname' : 'CNAME'));
    writer.message(15, one.bytes());
  }
  return writer.bytes();
}

const families: Readonly<Record<string, number>> = {
  AF_UNIX: addressFamily.unix,
  AF_INET: addressFamily.ipv4,
  AF_INET6: addressFamily.ipv6,
};

function address(value: Loose): Uint8Array {
  const told = value.get('sa_family');
  const family = typeof told === 'number' ? told : (families[value.text('sa_family')] ?? 0);
  const writer = new MessageWriter().number(addressField.family, family);
  writer.text(addressField.path, value.text('sun_path'));
  writer.text(addressField.ipv4, value.text('sin_addr')).text(addressField.ipv6, value.text('sin6_addr'));
  writer.number(addressField.port4, value.number('sin_port') ?? 0);
  return writer.number(addressField.port6, value.number('sin6_port') ?? 0).bytes();
}
