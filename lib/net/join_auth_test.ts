import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { utf8 } from "../base/bytes.ts";
import { jwtAuth, OPEN_AUTH } from "./join_auth.ts";
import { fixedKeySource, type JwtKeySource, parseJwks, remoteKeySource, secretKeySource } from "./jwt_keys.ts";
import { NetError } from "./net_error.ts";
import { ANNA, BEN, OTHER_SESSION, SECRET, SESSION, token } from "./testing/signaling_rig.ts";

const NOW_S = 1_700_000_000;

async function judge(source: JwtKeySource, jwt: string | undefined, unixMs = NOW_S * 1000, nowMs = 0) {
  return await jwtAuth(source).judge({ sessionId: SESSION, peerId: ANNA, token: jwt }, nowMs, unixMs);
}

async function es256(kid?: string) {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...await exportJWK(publicKey), ...(kid === undefined ? {} : { kid }) };
  const sign = (claims: object = {}, header: object = {}) =>
    new SignJWT({ session: SESSION, peer: ANNA, exp: NOW_S + 60, ...claims })
      .setProtectedHeader({ alg: "ES256", ...(kid === undefined ? {} : { kid }), ...header }).sign(privateKey);
  return { jwk, sign, publicKey, privateKey };
}

function jwks(...keys: unknown[]): string {
  return JSON.stringify({ keys });
}

Deno.test("ARC-TRANSPORT-server-jwt: HS256 with session, peer and exp lets the peer in; anything less does not", async () => {
  const source = secretKeySource(SECRET);
  const exp = NOW_S + 60;
  const cases: [string | undefined, string | undefined][] = [
    [await token({ exp }), undefined],
    [undefined, "a token is needed to join"],
    ["", "a token is needed to join"],
    ["x".repeat(4097), "the token is longer than 4096 characters"],
    ["not.a.token", "the token is not a JWT"],
    [await token({ exp, session: OTHER_SESSION }), "the token is for another session"],
    [await token({ exp, peer: BEN }), "the token is for another peer"],
    [await token({ exp, secret: `${SECRET}!` }), "the token is not signed with the server's key"],
    [await token({ exp: NOW_S - 1 }), "the token has expired"],
    [await token({ exp: NOW_S }), "the token has expired"],
    [await token({ exp: NOW_S + 1 }), undefined],
    [await token({ exp: null }), "the token lacks the claim exp"],
  ];
  for (const [jwt, expected] of cases) assert.equal(await judge(source, jwt), expected);
  const claims = { session: SESSION, peer: ANNA, exp, nbf: NOW_S + 10 };
  const early = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(utf8(SECRET));
  assert.equal(await judge(source, early), "the token's claim nbf does not hold");
  for (const missing of ["session", "peer"] as const) {
    const { [missing]: _, ...rest } = claims;
    const jwt = await new SignJWT({ ...rest, nbf: NOW_S }).setProtectedHeader({ alg: "HS256" }).sign(utf8(SECRET));
    assert.equal(await judge(source, jwt), `the token lacks the claim ${missing}`);
  }
});

Deno.test("ARC-TRANSPORT-server-jwt: ES256 keys of a JWK set, chosen by kid where the token names one", async () => {
  const [first, second, nameless] = [await es256("one"), await es256("two"), await es256()];
  const source = fixedKeySource(await parseJwks(jwks(first.jwk, second.jwk)));
  assert.equal(await judge(source, await first.sign()), undefined);
  assert.equal(await judge(source, await second.sign()), undefined);
  assert.equal(
    await judge(source, await second.sign({}, { kid: "one" })),
    "the token is not signed with the server's key",
  );
  assert.equal(await judge(source, await second.sign({}, { kid: undefined })), undefined, "all are tried");
  assert.equal(
    await judge(source, await first.sign({}, { kid: "three" })),
    "the token names a key that is not known here",
  );
  assert.equal(await judge(source, await nameless.sign()), "the token is not signed with the server's key");
  assert.equal(await judge(source, await first.sign({ exp: NOW_S })), "the token has expired");
  assert.equal(
    await judge(source, await second.sign({ peer: BEN }, { kid: undefined })),
    "the token is for another peer",
  );
});

Deno.test("ARC-TRANSPORT-server-jwt-algorithm: the key decides, not the token's header", async () => {
  const pair = await es256();
  const keys = fixedKeySource(await parseJwks(jwks(pair.jwk)));
  const wrongAlgorithm = "the key is for ES256, and the token does not choose its algorithm";
  // The classic: the public key, which everybody has, used as an HMAC secret.
  const pem = await exportSPKI(pair.publicKey);
  for (const secret of [pem, pem.trim(), JSON.stringify(pair.jwk)]) {
    assert.equal(await judge(keys, await token({ secret, exp: NOW_S + 60 })), wrongAlgorithm);
  }
  const unsigned = [{ alg: "none" }, { session: SESSION, peer: ANNA, exp: NOW_S + 60 }]
    .map((part) => utf8(JSON.stringify(part)).toBase64({ alphabet: "base64url", omitPadding: true })).join(".");
  assert.equal(await judge(keys, `${unsigned}.`), wrongAlgorithm);
  const secret = secretKeySource(SECRET);
  assert.match(await judge(secret, `${unsigned}.`) ?? "", /^the key is for HS256/);
  assert.match(await judge(secret, await pair.sign()) ?? "", /^the key is for HS256/);
  for (const alg of ["HS384", "HS512"]) {
    assert.match(await judge(secret, await token({ alg, exp: NOW_S + 60 })) ?? "", /^the key is for HS256/);
  }
});

Deno.test("ARC-TRANSPORT-server-jwt: a changed token is never let in, whatever was changed", async () => {
  const source = secretKeySource(SECRET);
  const good = await token({ exp: NOW_S + 60 });
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(..."AZaz09-_.=%"), async (at, char) => {
      const changed = good.slice(0, at) + char + good.slice(at + 1);
      fc.pre(changed !== good);
      const verdict = await judge(source, changed);
      assert.equal(typeof verdict, "string");
      assert.ok(!verdict?.includes(changed.slice(0, 20)), "the refusal does not quote the token");
    }),
    { seed: 11, numRuns: 200 },
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), async (junk) => {
      assert.equal(typeof await judge(source, junk), "string");
    }),
    { seed: 12, numRuns: 200 },
  );
});

Deno.test("an open server lets anybody in", () => {
  assert.equal(OPEN_AUTH.judge({ sessionId: SESSION, peerId: ANNA, token: undefined }, 0, 0), undefined);
});

Deno.test("JWK sets: usable keys are taken, others passed over, and what is wrong is said without any key material", async () => {
  const { jwk, privateKey } = await es256("public");
  const oct = { kty: "oct", k: utf8(SECRET).toBase64({ alphabet: "base64url", omitPadding: true }), kid: "shared" };
  const rsa = { kty: "RSA", n: "AQAB", e: "AQAB", kid: "rsa" };
  const usable = await parseJwks(jwks(jwk, oct, rsa, { ...jwk, use: "enc" }, { ...jwk, alg: "ES384" }, null, 7));
  assert.deepEqual(usable.map(({ algorithm, id }) => [algorithm, id]), [["ES256", "public"], ["HS256", "shared"]]);
  assert.equal(await judge(fixedKeySource(usable), await token({ exp: NOW_S + 60 })), undefined);
  const withPrivate = await parseJwks(jwks({ ...await exportJWK(privateKey), kid: "private" }));
  assert.equal(withPrivate.length, 1, "a private key verifies by its public half");
  const bad: [string, RegExp][] = [
    ["{", /is not JSON/],
    ["[]", /no list "keys"/],
    ["{}", /no list "keys"/],
    [jwks(rsa), /no key for HS256 \(oct\) or ES256/],
    [jwks({ ...jwk, x: "AAAA" }), /key 1 of the JWK set cannot be read/],
    [jwks({ kty: "oct", k: "c2hvcnQ" }), /key 1 of the JWK set is a secret of 5 bytes/],
    [jwks(...Array(17).fill(jwk)), /17 keys, the limit is 16/],
  ];
  for (const [text, message] of bad) {
    await assert.rejects(parseJwks(text), (error) => error instanceof Error && message.test(error.message));
  }
  assert.throws(() => secretKeySource("too short"), /needs 32 bytes or more, this one has 9/);
});

/** An HTTP server that answers what it is told. */
async function keyServer() {
  let status = 200;
  let body = "";
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    response.writeHead(status, { connection: "close" });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    answer(newStatus: number, newBody: string) {
      status = newStatus;
      body = newBody;
    },
    get requests() {
      return requests;
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

Deno.test("keys from a URL: fetched anew for an unknown kid, not too often, and kept while the URL fails", async () => {
  const [old, fresh] = [await es256("old"), await es256("fresh")];
  const server = await keyServer();
  server.answer(200, jwks(old.jwk));
  const source = await remoteKeySource(server.url, 0);
  assert.equal(await judge(source, await old.sign()), undefined);
  server.answer(200, jwks(old.jwk, fresh.jwk));
  assert.match(await judge(source, await fresh.sign(), undefined, 29_999) ?? "", /not known here/);
  assert.equal(server.requests, 1, "a stranger's tokens cannot make it ask again and again");
  assert.equal(await judge(source, await fresh.sign(), undefined, 30_000), undefined);
  assert.equal(server.requests, 2);
  server.answer(500, "");
  assert.match(await judge(source, await old.sign({}, { kid: "none" }), undefined, 60_000) ?? "", /not known here/);
  assert.equal(server.requests, 3);
  assert.equal(await judge(source, await fresh.sign(), undefined, 61_000), undefined);
  await server.close();
});

Deno.test("keys from a URL: what cannot work is said at the start", async () => {
  const server = await keyServer();
  const cases: [number, string, RegExp][] = [
    [404, "", /it answers 404/],
    [200, "<html>", /is not JSON/],
    [200, " ".repeat(300_000), /longer than 262144 bytes/],
  ];
  for (const [status, body, message] of cases) {
    server.answer(status, body);
    await assert.rejects(
      remoteKeySource(server.url, 0),
      (error) => error instanceof NetError && error.kind === "unreachable" && message.test(error.message),
    );
  }
  await server.close();
  await assert.rejects(remoteKeySource(server.url, 0), NetError);
  await assert.rejects(remoteKeySource("http://keys.example/jwks.json", 0), /is not https/);
});
