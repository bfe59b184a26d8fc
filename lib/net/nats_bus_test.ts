import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { createCertificate } from "./certificate_create.ts";
import { type NatsAddress, NatsBus, parseNatsUrl, writeNatsUrl } from "./nats_bus.ts";
import { NATS_SERVER_ABSENT, NatsServer } from "./testing/nats_server.ts";

/** With a `nats-server`; ignored where there is none. */
function withServer(name: string, fn: () => Promise<void>): void {
  const why = NATS_SERVER_ABSENT === undefined ? "" : ` (${NATS_SERVER_ABSENT})`;
  Deno.test({ name: `NATS: ${name}${why}`, ignore: NATS_SERVER_ABSENT !== undefined, fn });
}

/** A program on the bus, and what it has heard and been told. */
class Member {
  readonly heard: string[] = [];
  readonly told: string[] = [];
  readonly bus: NatsBus;
  #look: () => void = () => {};

  constructor(address: ConstructorParameters<typeof NatsBus>[0]) {
    const tell = (text: string) => {
      this.told.push(text);
      this.#look();
    };
    this.bus = new NatsBus(address, { up: () => tell("up"), down: (why) => tell(`down: ${why}`) });
  }

  listen(subject: string): () => void {
    return this.bus.subscribe(subject, (on, bytes) => {
      this.heard.push(`${on} ${new TextDecoder().decode(bytes)}`);
      this.#look();
    });
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#look = resolve);
  }
}

/** Once what these listen to reaches them. */
async function settled(...members: readonly Member[]): Promise<void> {
  for (const member of members) {
    await member.until(() => member.told.at(-1) === "up");
    await member.bus.settled();
  }
}

Deno.test("NATS: URLs, with what lets one in, and as they may be shown", () => {
  const cases: [string, object, string][] = [
    ["nats://10.0.0.1", { host: "10.0.0.1", port: 4222, tls: false }, "nats://10.0.0.1:4222"],
    ["tls://bus.example:99/", { host: "bus.example", port: 99, tls: true }, "tls://bus.example:99"],
    ["nats://[::1]:1", { host: "::1", port: 1, tls: false }, "nats://[::1]:1"],
    ["nats://me:p%40ss@h", { host: "h", port: 4222, tls: false, user: "me", password: "p@ss" }, "nats://h:4222"],
    ["nats://s3cret@h", { host: "h", port: 4222, tls: false, token: "s3cret" }, "nats://h:4222"],
  ];
  for (const [url, address, shown] of cases) {
    const parsed = parseNatsUrl(url);
    assert.deepEqual(parsed, address);
    assert.equal(parsed && writeNatsUrl(parsed), shown);
  }
  for (const url of ["", "h:1", "ws://h", "nats://", "nats://h/x", "nats://h?x", "nats://h#x", "nats://%zz@h"]) {
    assert.equal(parseNatsUrl(url), undefined, url);
  }
});

withServer(
  "what is published goes to the others that listen, and not back; an ended subscription hears nothing",
  async () => {
    const server = await NatsServer.start();
    const [anna, ben] = [new Member(server.address), new Member(server.address)];
    anna.listen("a.*");
    ben.listen("a.*");
    const end = ben.listen("b.1");
    await settled(anna, ben);
    anna.bus.publish("a.1", utf8("one"));
    anna.bus.publish("b.1", utf8("two"));
    await ben.until(() => ben.heard.length === 2);
    end();
    ben.listen("c");
    await settled(anna, ben);
    ben.bus.publish("a.2", utf8("three"));
    await anna.until(() => anna.heard.length === 1);
    anna.bus.publish("b.1", utf8("four"));
    anna.bus.publish("c", utf8("five"));
    await ben.until(() => ben.heard.length === 3);
    assert.deepEqual(ben.heard, ["a.1 one", "b.1 two", "c five"]);
    assert.deepEqual(anna.heard, ["a.2 three"]);
    await anna.bus.close();
    await ben.bus.close();
    await server.stop();
  },
);

withServer("what is published last still goes out; what is too long is lost and harms nothing", async () => {
  const server = await NatsServer.start();
  const [anna, ben] = [new Member(server.address), new Member(server.address)];
  ben.listen("a");
  await settled(anna, ben);
  anna.bus.publish("a", new Uint8Array(2_000_000));
  anna.bus.publish("a", utf8("goodbye"));
  await anna.bus.close();
  await ben.until(() => ben.heard.length === 1);
  assert.deepEqual(ben.heard, ["a goodbye"]);
  await ben.bus.close();
  await server.stop();
});

withServer(
  "a server that goes is told once, what is published meanwhile is lost, and all goes on when it is back",
  async () => {
    const first = await NatsServer.start();
    const { port } = first.address;
    const [anna, ben] = [new Member(first.address), new Member(first.address)];
    ben.listen("a");
    await settled(anna, ben);
    await first.stop();
    for (const member of [anna, ben]) await member.until(() => member.told.length === 2);
    anna.bus.publish("a", utf8("nobody hears this"));
    ben.listen("late");
    const second = await NatsServer.start(port);
    for (const member of [anna, ben]) await member.until(() => member.told.length === 3);
    assert.deepEqual(ben.told.map((text) => text.split(":")[0]), ["up", "down", "up"]);
    await settled(anna, ben);
    anna.bus.publish("a", utf8("again"));
    anna.bus.publish("late", utf8("too"));
    await ben.until(() => ben.heard.length === 2);
    assert.deepEqual(ben.heard, ["a again", "late too"]);
    await anna.bus.close();
    await ben.bus.close();
    await second.stop();
  },
);

withServer(
  "user and password, or a token, let one in; without them the bus is down, and no password is told",
  async () => {
    for (
      const [args, right, wrong] of [
        [["--user", "me", "--pass", "s3cret"], { user: "me", password: "s3cret" }, { user: "me", password: "wr0ng" }],
        [["--auth", "s3cret"], { token: "s3cret" }, { token: "wr0ng" }],
      ] as const
    ) {
      const server = await NatsServer.start(-1, args);
      const good = new Member({ ...server.address, ...right });
      await settled(good);
      // Many: a refused socket that is reset later must not end the process, and seldom is.
      for (const bad of Array.from({ length: 20 }, () => new Member({ ...server.address, ...wrong }))) {
        await bad.until(() => bad.told.length === 1);
        assert.match(bad.told[0], /^down: .*(uthoriz|uthenti)/);
        assert.doesNotMatch(bad.told[0], /wr0ng/);
        await bad.bus.close();
      }
      await good.bus.close();
      await server.stop();
    }
  },
);

withServer(
  "over TLS the server's certificate must be for its name and of a trusted authority, and plain text is no TLS",
  async () => {
    const times = { notBeforeUnixMs: Date.now() - 60_000, notAfterUnixMs: Date.now() + 3_600_000 };
    const ca = await createCertificate({ subject: "authority", isCa: true, ...times });
    const own = await createCertificate({ subject: "nats", hosts: ["127.0.0.1"], issuer: ca, ...times });
    const directory = await Deno.makeTempDir();
    const [cert, key] = [`${directory}/cert.pem`, `${directory}/key.pem`];
    await Deno.writeTextFile(cert, own.certificatePem);
    await Deno.writeTextFile(key, own.privateKeyPem);
    const secure = await NatsServer.start(-1, ["--tls", "--tlscert", cert, "--tlskey", key]);
    const plain = await NatsServer.start();
    const trusted = { ...secure.address, tls: true, caPem: ca.certificatePem };
    const trusting = new Member(trusted);
    await settled(trusting);
    const faulty: [NatsAddress, RegExp][] = [
      [{ ...secure.address, tls: true }, /^down: unable to verify/],
      [{ ...trusted, host: "localhost" }, /^down: .*does not match certificate's altnames/],
      [{ ...plain.address, tls: true }, /^down: .*does not support 'tls'/],
    ];
    for (const [address, why] of faulty) {
      const member = new Member(address);
      await member.until(() => member.told.length === 1);
      assert.match(member.told[0], why);
      await member.bus.close();
    }
    await trusting.bus.close();
    await secure.stop();
    await plain.stop();
    await Deno.remove(directory, { recursive: true });
  },
);

Deno.test("NATS: nobody there is told once, and closing does not wait", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const member = new Member({ host: "127.0.0.1", port, tls: false });
  await member.until(() => member.told.length === 1);
  assert.match(member.told[0], /^down: .*refused/);
  member.bus.publish("a", utf8("lost"));
  await assert.rejects(member.bus.settled(), /the bus is down/);
  await member.bus.close();
  assert.equal(member.told.length, 1);
});
