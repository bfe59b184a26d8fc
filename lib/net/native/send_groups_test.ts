import assert from "node:assert/strict";
import { PacketBatch } from "../../base/batch.ts";
import { SendGroups } from "./send_groups.ts";

/** `[address, bytes]` of packets -> `address: bytes bytes ...` of groups. */
function groupsOf(packets: readonly (readonly [number, number])[], mayGroup = true): string[] {
  const batch = new PacketBatch(packets.length, 2000);
  for (const [address, bytes] of packets) batch.push(new Uint8Array(bytes), address);
  const groups = new SendGroups(packets.length, 8);
  const left = groups.sort(batch, 0, batch.size, mayGroup, (address) => address < 4);
  const told = Array.from({ length: groups.size }, (_, group) => {
    const sizes: number[] = [];
    let packet = groups.head[group];
    for (let i = 0; i < groups.count[group]; i++, packet = groups.next[packet]) sizes.push(batch.lengths[packet]);
    return `${groups.address[group]}: ${sizes.join(" ")}`;
  });
  return left === 0 ? told : [...told, `left ${left}`];
}

Deno.test("send groups: one message for packets of one size to one address, the last may be shorter", () => {
  assert.deepEqual(groupsOf([[1, 1200], [2, 160], [1, 1200], [2, 160], [1, 300], [1, 1200]]), [
    "1: 1200 1200 300",
    "2: 160 160",
    "1: 1200",
  ]);
  assert.deepEqual(groupsOf([[1, 100], [1, 200], [1, 200]]), ["1: 100", "1: 200 200"], "none may be longer");
});

Deno.test("send groups: empty packets stand alone; unknown addresses are left out; without grouping each stands alone", () => {
  assert.deepEqual(groupsOf([[1, 0], [1, 0], [1, 5], [1, 0], [7, 5]]), ["1: 0", "1: 0", "1: 5", "1: 0", "left 1"]);
  assert.deepEqual(groupsOf([[1, 5], [1, 5]], false), ["1: 5", "1: 5"]);
});

Deno.test("send groups: no more than 64 packets and 65,000 bytes in one", () => {
  const sizes = (packets: number, bytes: number) =>
    groupsOf(Array.from({ length: packets }, () => [1, bytes] as const)).map((group) => group.split(" ").length - 1);
  assert.deepEqual(sizes(130, 10), [64, 64, 2]);
  assert.deepEqual(sizes(60, 1300), [50, 10]);
});
