/** `relay.token` and `relay.proof`: the credential of a relay. */
import { issueRelayToken, makeRelayProof, parseRelayToken } from "../../../lib/crypto/relay_token.ts";
import { opOk, opParsed, type Ops } from "../testee.ts";

export const relayOps: Ops = {
  "relay.token": (request) =>
    opOk({
      token: issueRelayToken(request.hex("relay_secret"), {
        sessionId: request.text("session_id"),
        peerId: request.text("peer_id"),
        expiresS: request.integer("expires", 0, Number.MAX_SAFE_INTEGER),
      }),
    }),

  "relay.proof": (request) =>
    opParsed(parseRelayToken(request.text("token")), ({ tag }) => ({
      proof: makeRelayProof(tag, request.text("nonce"), request.text("session_id"), request.text("peer_id")),
    })),
};
