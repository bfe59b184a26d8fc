import assert from "node:assert/strict";
import { SiteAddresses } from "./site_addresses.ts";

Deno.test("addresses are as they are, in the spelling of sockets, and are not looked up", async () => {
  const addresses = new SiteAddresses(["192.0.2.1", "2001:DB8:0:0:0:0:0:1", "::1"], () => {
    throw new Error("nothing to look up");
  });
  await addresses.refresh();
  assert.deepEqual([0, 1, 2].map((site) => addresses.ipOf(site)), ["192.0.2.1", "2001:db8::1", "::1"]);
});

Deno.test("a name has the first address of its answer, keeps it as long as it is in the answers, and moves after that", async () => {
  let answer: readonly string[] | undefined;
  const addresses = new SiteAddresses(["192.0.2.1", "relay.example"], (name) => {
    assert.equal(name, "relay.example");
    return answer === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(answer);
  });
  const look = async (next: readonly string[] | undefined) => {
    answer = next;
    await addresses.refresh();
    return addresses.ipOf(1);
  };
  assert.equal(await look(undefined), undefined);
  assert.equal(await look([]), undefined);
  assert.equal(await look(["192.0.2.7", "192.0.2.8"]), "192.0.2.7");
  assert.equal(await look(["192.0.2.8", "192.0.2.7"]), "192.0.2.7");
  assert.equal(await look(undefined), "192.0.2.7", "servers of names fail too");
  assert.equal(await look(["2001:DB8::0:9"]), "2001:db8::9");
});

Deno.test("one question at a time: a lookup that hangs is not joined by others", async () => {
  let asked = 0;
  let answer: (ips: readonly string[]) => void = () => {};
  const addresses = new SiteAddresses(["relay.example"], () => {
    asked++;
    return new Promise((resolve) => answer = resolve);
  });
  const first = addresses.refresh();
  await addresses.refresh();
  assert.equal(asked, 1);
  answer(["192.0.2.7"]);
  await first;
  assert.equal(addresses.ipOf(0), "192.0.2.7");
});

Deno.test("the system's own lookup knows this machine", async () => {
  const addresses = new SiteAddresses(["localhost"]);
  await addresses.refresh();
  assert.match(addresses.ipOf(0) ?? "", /^(127\.0\.0\.1|::1)$/);
});
