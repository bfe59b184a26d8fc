/** What the suite asks of a peer over Phoenix is no more than the official client gives: our peer over it passes. */
import assert from "node:assert/strict";
import { Socket } from "phoenix";
import { NetError } from "../../lib/net/net_error.ts";
import type { openSignaling } from "../../lib/net/open_signaling.ts";
import { CASES } from "../registry.ts";
import { resultsOf, runCases } from "../run/testing.ts";
import { ownPeer } from "./own_peer.ts";
import { peerDriver } from "./peer_world.ts";
import { topicOf } from "./phoenix_frame.ts";

/** A link over a channel of the official client, which joins, pushes and joins again in its own way. */
const officialLink: typeof openSignaling = (target, events) => {
  const { url, sessionId, peerId, token } = target;
  const params = token === undefined ? {} : { token };
  const socket = new Socket(`${url}/socket`, { transport: WebSocket, params });
  const channel = socket.channel(topicOf(sessionId), { peer_id: peerId });
  socket.onClose(() => {
    // It would come back by itself, and so does the session.
    socket.disconnect();
    events.closed("closed");
  });
  // Messages come only once whoever waits for the link has it.
  const { promise: isUp, resolve: up } = Promise.withResolvers<void>();
  const take = (message: unknown) => void isUp.then(() => events.message(JSON.stringify(message)));
  channel.onMessage = (event: string, payload: unknown) => {
    if (!/^(phx|chan)_/.test(event)) take(payload);
    return payload;
  };
  socket.connect();
  return new Promise((resolve, reject) => {
    channel.join()
      .receive("ok", () => {
        setTimeout(up, 0);
        resolve({
          name: url,
          peerCertificateSha256: undefined,
          bufferedBytes: 0,
          send(text) {
            const message = JSON.parse(text);
            channel.push(message.type, message).receive("error", take);
          },
          close: () => socket.disconnect(),
        });
      })
      .receive("error", (response: unknown) => {
        socket.disconnect();
        reject(new NetError("refused", JSON.stringify(response)));
      });
  });
};

Deno.test("ARC-TRANSPORT-phoenix-interop: a peer over the official client passes what is asked over Phoenix", async () => {
  const cases = CASES.filter(({ id, needs }) => needs === "peer" && id.startsWith("transport/phoenix-"));
  const peer = peerDriver(ownPeer({ open: officialLink }, ["phoenix"]));
  const results = resultsOf(await runCases(cases, { subjects: { peer }, jobs: 4 }));
  assert.deepEqual(results.map(({ id, verdict, breaches }) => ({ id, verdict, breaches })), [
    ...cases.map(({ id }) => ({ id, verdict: "pass", breaches: [] })),
  ]);
});
