import { type ChannelCredentials, Client, type ServiceError } from '@grpc/grpc-js';
import { printable } from '../../../fingerprint/printable.ts';
import {
  type EnrolRequest,
  type EnrolResponse,
  enrolRequestToWire,
  maxEnrolmentBytes,
  parseEnrolResponse,
  renewRequestToWire,
} from '../../../proto/enrolment.ts';
import { loadProto } from '../../../proto/load.ts';
import { WireError } from '../../../proto/wire-fields.ts';
import { channelOptions, encrypted } from '../uplink-grpc/endpoint.ts';
import { IdentityError } from './identity-error.ts';

const timeoutMs = 20_000;

type Given = Exclude<EnrolResponse, { refused: unknown }>;

export interface Collector {
  readonly address: string;
  /** PEM of the authorities that are believed for it. */
  readonly ca: Buffer;
}

/** @throws IdentityError with the collector's code and sentence, or `unreachable` */
export async function enrol(collector: Collector, request: EnrolRequest): Promise<Given> {
  return await ask(collector, encrypted(collector), { name: 'Enrol', request: enrolRequestToWire(request) });
}

/** @throws IdentityError */
export async function renew(
  collector: Collector,
  { certificate, key, csr }: { readonly certificate: Buffer; readonly key: Buffer; readonly csr: Uint8Array },
): Promise<Given> {
  const shown = encrypted({ ca: collector.ca, key, certificate });
  return await ask(collector, shown, { name: 'Renew', request: renewRequestToWire(csr) });
}

async function ask(
  { address }: Collector,
  shown: ChannelCredentials,
  call: { name: string; request: object },
): Promise<Given> {
  const client = new Client(address, shown, {
    ...channelOptions(address),
    'grpc.max_receive_message_length': maxEnrolmentBytes,
  });
  // Loaded when it is needed: a node asks twice a day.
  const { path, requestSerialize, responseDeserialize } = loadProto('whorl.proto').method(
    'whorl.v1.Enrolment',
    call.name,
  );
  try {
    const answer = await new Promise<object>((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        call.request,
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, value?: object) => {
          if (error === null && value !== undefined) resolve(value);
          else reject(unreachable(error?.details ?? 'it says nothing'));
        },
      );
    });
    return given(parseEnrolResponse(answer));
  } catch (error) {
    if (error instanceof WireError) throw unreachable(error.message);
    throw error;
  } finally {
    client.close();
  }
}

function given(response: EnrolResponse): Given {
  if ('refused' in response) throw new IdentityError(response.refused, printable(response.sentence, 1024));
  return response;
}

function unreachable(why: string): IdentityError {
  return new IdentityError(
    'unreachable',
    `the collector cannot be asked for a certificate: ${printable(why, 1024)}`,
  );
}
