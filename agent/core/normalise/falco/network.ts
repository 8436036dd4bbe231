import type { Transport } from '../../../../fingerprint/event.ts';
import type { Facts } from './facts.ts';
import { type FalcoRecord, numberOf, textOf } from './record.ts';

interface Place {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
}

export function connectFacts(record: FalcoRecord): Facts | undefined {
  const place = unixPlace(record) ?? serverOf(record) ?? attemptedOf(record);
  return place && { kind: 'connect', ...place };
}

/** A datagram to somebody the socket was not connected to. What a connected socket sends, its connect has told. */
export function sendFacts(record: FalcoRecord): Facts | undefined {
  const place =
    transportOf(record) === 'udp' && record.fields['evt.rawres'] !== undefined ? serverOf(record) : undefined;
  const via = textOf(record, 'type') === 'sendto' ? 'sendto' : 'sendmsg';
  return place && { kind: 'connect', ...place, via };
}

export function listenFacts(record: FalcoRecord): Facts | undefined {
  const place = serverOf(record);
  return place && { kind: 'listen', ...place };
}

/** A bound datagram socket waits for whoever sends; a stream says so with `listen`. */
export function bindFacts(record: FalcoRecord): Facts | undefined {
  return transportOf(record) === 'udp' ? listenFacts(record) : undefined;
}

export function acceptFacts(record: FalcoRecord): Facts | undefined {
  const address = textOf(record, 'clientAddress');
  const transport = transportOf(record);
  if (address === undefined || transport === undefined) return undefined;
  return { kind: 'accept', transport, address, port: numberOf(record, 'clientPort') ?? 0 };
}

function transportOf(record: FalcoRecord): 'tcp' | 'udp' | undefined {
  const told = textOf(record, 'transport');
  if (told === 'tcp' || told === 'udp') return told;
  // Raw and ICMP sockets have no port; they leave the machine all the same.
  return told === 'icmp' || told === 'raw' ? 'udp' : undefined;
}

/** Client and server, never local and remote: those Falco 0.43 mixes up. */
function serverOf(record: FalcoRecord): Place | undefined {
  const address = textOf(record, 'serverAddress');
  const transport = transportOf(record);
  const port = numberOf(record, 'serverPort');
  if (address === undefined || transport === undefined || port === undefined) return undefined;
  return { transport, address, port };
}

/** Of a connect that failed, newer versions tell where it was to go: `10.0.0.7:443`. */
function attemptedOf(record: FalcoRecord): Place | undefined {
  const found = /^(.*):(\d{1,5})$/.exec(textOf(record, 'connectAddress') ?? '');
  const address = found?.[1]?.replace(/^\[(.*)\]$/, '$1');
  if (address === undefined || !/^[\da-fA-F.:]+$/.test(address)) return undefined;
  return { transport: transportOf(record) ?? 'tcp', address, port: Number(found?.[2]) };
}

function unixPlace(record: FalcoRecord): Place | undefined {
  if (textOf(record, 'fileType') !== 'u') return undefined;
  // `ffff8881->ffff8882 /run/x.sock`: the two ends in the kernel, then the name.
  const name = /(?:^|\s)([/@]\S.*)$/.exec(
    textOf(record, 'fileName') ?? textOf(record, 'connectAddress') ?? '',
  )?.[1];
  return name === undefined ? undefined : { transport: 'unix', address: name, port: 0 };
}
