import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  type EnrolResponse,
  enrolResponseToWire,
  parseEnrolRequest,
  parseRenewRequest,
} from '../../../proto/enrolment.ts';
import { WireError } from '../../../proto/wire-fields.ts';
import type { Gate } from '../../ports/identities.ts';
import type { Peer } from './tls-door.ts';

type Call = ServerUnaryCall<object, object>;

/** The service Enrolment: what comes is read, what the gate says is told. */
export function enrolmentCalls(
  gate: Gate,
  peerOf: (name: string) => Peer | undefined,
): UntypedServiceImplementation {
  const served =
    (work: (request: object, peer: Peer) => Promise<EnrolResponse>) =>
    (call: Call, answer: sendUnaryData<object>): void => {
      const peer = peerOf(call.getPeer()) ?? { address: 'unknown', certificate: undefined };
      void answerTo(() => work(call.request, peer)).then((said) => answer(null, enrolResponseToWire(said)));
    };
  return {
    Enrol: served((request, peer) => gate.enrol(parseEnrolRequest(request), peer.address)),
    Renew: served((request, peer) => gate.renew(parseRenewRequest(request), peer.certificate)),
  };
}

async function answerTo(work: () => Promise<EnrolResponse>): Promise<EnrolResponse> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WireError) return { refused: error.code, sentence: error.message };
    return { refused: 'unavailable', sentence: 'the collector cannot answer; its log says why' };
  }
}
