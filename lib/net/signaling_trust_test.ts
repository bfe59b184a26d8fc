/** Client and server over TLS: who is trusted, who is not, and that TLS is 1.3. */
import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { NetError, type NetErrorKind } from "./net_error.ts";
import type { TlsTrust } from "./open_stream.ts";
import {
  ANNA,
  BEN,
  makeIdentity,
  Rig,
  stop,
  testIdentity,
  type TestPeer,
  TRANSPORTS,
} from "./testing/signaling_rig.ts";

function refusal(kind: NetErrorKind, message: RegExp) {
  return (error: unknown) => error instanceof NetError && error.kind === kind && message.test(error.message);
}

async function crosses(from: TestPeer, to: TestPeer): Promise<void> {
  from.say(stop());
  assert.deepEqual(await to.nextOf("STREAM_STOP"), stop());
}

for (const via of TRANSPORTS) {
  Deno.test(`ARC-TRANSPORT-tcp: over TLS with a pin, an authority, or no check at all; nobody else (${via})`, async () => {
    const identity = await testIdentity();
    const rig = await Rig.start({ tls: identity });
    assert.match(rig.url(via), /^(?:wss|tls):/);
    const trusts: TlsTrust[] = [
      { pinSha256: identity.fingerprintSha256 },
      { caPem: identity.certificatePem },
      { insecure: true },
    ];
    for (const trust of trusts) {
      const anna = await rig.join(via, ANNA, { trust });
      assert.equal(anna.link?.peerCertificateSha256, identity.fingerprintSha256);
      const ben = await rig.join(via, BEN, { trust });
      await crosses(anna, ben);
    }
    const other = await makeIdentity();
    await assert.rejects(rig.connect(via), refusal("untrusted", /is not trusted/));
    await assert.rejects(
      rig.connect(via, { trust: { caPem: other.certificatePem } }),
      refusal("untrusted", /is not trusted/),
    );
    await assert.rejects(
      rig.connect(via, { trust: { pinSha256: other.fingerprintSha256 } }),
      refusal("untrusted", new RegExp(`shows the certificate ${identity.fingerprintSha256}, not the pinned`)),
    );
    await rig.close();
  });

  Deno.test(`a plain client at a TLS port and a TLS client at a plain port both fail, and say so (${via})`, async () => {
    const secure = await Rig.start({ tls: await testIdentity() });
    const plain = await Rig.start();
    const options = { timeoutMs: 300 };
    const bare = secure.url(via).replace(/^wss/, "ws").replace(/^tls/, "tcp");
    if (via === "stream") {
      const peer = await secure.connect(via, { url: bare });
      peer.say(stop());
      await peer.end();
    } else {
      await assert.rejects(secure.connect(via, { ...options, url: bare }), refusal("unreachable", /cannot reach ws:/));
    }
    const wrapped = plain.url(via).replace(/^ws/, "wss").replace(/^tcp/, "tls");
    await assert.rejects(plain.connect(via, { ...options, url: wrapped, trust: { insecure: true } }), NetError);
    await Promise.all([secure.close(), plain.close()]);
  });
}

Deno.test("ARC-TRANSPORT-tcp: TLS 1.2 is refused on both ports, 1.3 is spoken", async () => {
  const rig = await Rig.start({ tls: await testIdentity() });
  for (const via of ["plain", "stream"] as const) {
    const { hostname: host, port } = new URL(rig.url(via));
    const spoken = (maxVersion: "TLSv1.2" | "TLSv1.3") =>
      new Promise<string | null>((resolve) => {
        const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false, maxVersion }, () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
        socket.on("error", () => resolve(null));
      });
    assert.equal(await spoken("TLSv1.2"), null);
    assert.equal(await spoken("TLSv1.3"), "TLSv1.3");
  }
  await rig.close();
});

Deno.test("/healthz and /metrics are there over HTTPS", async () => {
  const identity = await testIdentity();
  const rig = await Rig.start({ tls: identity });
  const client = Deno.createHttpClient({ caCerts: [identity.certificatePem] });
  for (const url of [rig.server.urls.health, rig.server.urls.metrics]) {
    assert.match(url ?? "", /^https:/);
    const response = await fetch(url ?? "", { client });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  }
  client.close();
  await rig.close();
});
