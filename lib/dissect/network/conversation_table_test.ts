import assert from "node:assert/strict";
import fc from "fast-check";
import { ipv4, ipv6, udp } from "../testing/packets.ts";
import { ConversationTable } from "./conversation_table.ts";
import { IpView } from "./ip_view.ts";

function view(from: string, to: string): IpView {
  const ip = new IpView();
  const make = from.includes(":") ? ipv6 : ipv4;
  const packet = make(udp(new Uint8Array(0)), { from, to });
  ip.parse(packet, 0, packet.length);
  return ip;
}

Deno.test("conversations: both directions are one, whoever comes first is a", () => {
  const table = new ConversationTable(() => ({}), () => {});
  for (const [a, b] of [["10.0.0.2", "10.0.0.1"], ["10.0.0.1", "10.0.0.3"], ["2001:db8::9", "2001:db8::1"]]) {
    const there = table.find(view(a, b), 17, 5000, 6000);
    assert.equal(table.direction, 0);
    assert.deepEqual([there.a.host, there.a.port, there.b.host, there.b.port], [a, 5000, b, 6000]);
    assert.equal(table.find(view(b, a), 17, 6000, 5000), there);
    assert.equal(table.direction, 1);
    assert.equal(there.from(1).text, a.includes(":") ? `[${b}]:6000` : `${b}:6000`);
    assert.equal(table.find(view(a, b), 17, 5000, 6000), there);
    assert.equal(table.direction, 0);
  }
  assert.equal(table.count, 3);
});

Deno.test("conversations: a host that talks to itself, on two ports and on one", () => {
  const table = new ConversationTable(() => ({}), () => {});
  const self = view("127.0.0.1", "127.0.0.1");
  const there = table.find(self, 17, 9, 5);
  assert.equal(table.find(self, 17, 5, 9), there);
  assert.equal(table.direction, 1);
  assert.equal(table.find(self, 17, 5, 5), table.find(self, 17, 5, 5));
});

Deno.test("conversations: protocol, ports and addresses each tell them apart, in both versions of IP", () => {
  const table = new ConversationTable(() => ({}), () => {});
  const ways: [IpView, number, number, number][] = [
    [view("10.0.0.1", "10.0.0.2"), 17, 1, 2],
    [view("10.0.0.1", "10.0.0.2"), 6, 1, 2],
    [view("10.0.0.1", "10.0.0.2"), 17, 2, 1],
    [view("10.0.0.1", "10.0.0.2"), 17, 1, 3],
    [view("10.0.0.1", "10.0.0.4"), 17, 1, 2],
    [view("::1", "::2"), 17, 1, 2],
    [view("::1:0:0:1", "::2"), 17, 1, 2],
    [view("1::1", "::2"), 17, 1, 2],
  ];
  assert.equal(new Set(ways.map((way) => table.find(...way))).size, ways.length);
});

Deno.test("conversations: however many, they need no more room than the table has, and the busy one stays", () => {
  const gone: number[] = [];
  const table = new ConversationTable(() => ({}), (conversation) => gone.push(conversation.number), 16);
  const busy = view("192.0.2.1", "192.0.2.2");
  const first = table.find(busy, 17, 1, 1);
  const ip = view("10.0.0.1", "10.0.0.2");
  for (let i = 0; i < 50_000; i++) {
    table.find(ip, 17, i & 0xffff, 1 + (i >>> 16));
    assert.equal(table.find(busy, 17, 1, 1), first);
  }
  assert.equal([...table.held()].length, 64);
  assert.equal(table.evicted, gone.length);
  assert.equal(table.count, table.evicted + 64);
  assert.equal(new Set(gone).size, gone.length);
});

Deno.test("conversations: behaves as a map does while it has room", () => {
  const table = new ConversationTable(() => ({}), () => assert.fail("full"), 1024);
  const known = new Map<string, number>();
  fc.assert(
    fc.property(fc.nat(5), fc.nat(5), fc.nat(3), fc.nat(3), (a, b, p, q) => {
      const [from, to] = [`10.0.${a}.1`, `10.0.${b}.1`];
      const { number } = table.find(view(from, to), 17, p, q);
      const key = [`${from}:${p}`, `${to}:${q}`].sort().join(" ");
      assert.equal(known.get(key) ?? number, number);
      known.set(key, number);
      assert.equal(table.count, known.size);
    }),
    { seed: 41, numRuns: 3000 },
  );
});
