import assert from "node:assert/strict";
import { AddressTable, formatHostPort } from "./address_table.ts";

Deno.test("AddressTable: one number an address, and back", () => {
  const table = new AddressTable();
  const a = table.intern("127.0.0.1", 5000);
  const b = table.intern("127.0.0.1", 5001);
  assert.notEqual(a, b);
  assert.equal(table.intern("127.0.0.1", 5000), a);
  assert.deepEqual(table.describe(b), { host: "127.0.0.1", port: 5001 });
  assert.equal(table.describe(99), undefined);
});

Deno.test("AddressTable: bounded; the oldest goes first, pinned ones stay", () => {
  const table = new AddressTable(2);
  const a = table.intern("10.0.0.1", 1);
  table.pin(a);
  const b = table.intern("10.0.0.2", 1);
  assert.equal(table.intern("10.0.0.3", 1), b, "b made room");
  assert.deepEqual(table.describe(a), { host: "10.0.0.1", port: 1 });
  table.pin(b);
  assert.throws(() => table.intern("10.0.0.4", 1), /pinned/);
  table.unpin(a);
  assert.equal(table.intern("10.0.0.4", 1), a);
});

Deno.test("formatHostPort brackets IPv6", () => {
  assert.equal(formatHostPort({ host: "::1", port: 5 }), "[::1]:5");
  assert.equal(formatHostPort({ host: "1.2.3.4", port: 5 }), "1.2.3.4:5");
});
