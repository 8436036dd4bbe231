import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

/** The node's side of a pod's network: a cluster's resolver on `.1` and the services `stock` (9000) and `api` (5000) on `.2`. */
const [net, namespace] = process.argv.slice(2);
const stock = `stock.${namespace}.svc.cluster.local`;

/** Answers A of the one name there is; of it AAAA with nothing; anything else does not exist. */
function answer(question: Buffer): Buffer {
  let at = 12;
  const labels: string[] = [];
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  const exists = labels.join('.').toLowerCase() === stock;
  const found = exists && question.readUInt16BE(at + 1) === 1;
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(exists ? 0x8180 : 0x8183, 2);
  for (const [offset, count] of [
    [4, 1],
    [6, found ? 1 : 0],
    [8, 0],
    [10, 0],
  ] as const)
    head.writeUInt16BE(count, offset);
  // A pointer to the name of the question, A, IN, 5 s, four bytes: the address.
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address()]);
  return Buffer.concat([head, question.subarray(12, end), ...(found ? [record] : [])]);
}

const address = (): number[] => [...(net ?? '').split('.').map(Number), 2];

const resolver = createSocket('udp4');
resolver.on('message', (question, from) => resolver.send(answer(question), from.port, from.address));
const shop = createServer((_request, response) => response.end('{"stock":7}\n'));
const api = createServer((_request, response) => response.end('{"items":[]}\n'));
resolver.bind(53, `${net}.1`, () =>
  shop.listen(9000, `${net}.2`, () => api.listen(5000, `${net}.2`, () => console.log('ready'))),
);
