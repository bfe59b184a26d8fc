import assert from "node:assert/strict";
import { utf8 } from "../../base/bytes.ts";
import { NONE } from "../../relay/relay_addresses.ts";
import { media, SESSION, uuidOf } from "../../relay/testing/relay_world.ts";
import { sessionIn, Steering, workerOf } from "./steering.ts";

const WORKERS = 4;
const bind = (session: string) => utf8(`{ "type":"RELAY_BIND", "session_id" : "${session}" }`);
const at = (steering: Steering, unit: Uint8Array, serial = 1) => steering.workerFor(3, serial, unit, 0, unit.length);

Deno.test("steering: what names its session goes to the session's worker, from whichever address", () => {
  const steering = new Steering(WORKERS, 8);
  const seen = new Set<number>();
  for (let i = 0; i < 200; i++) {
    const session = uuidOf(i);
    const worker = at(steering, bind(session));
    assert.equal(worker, workerOf(session, WORKERS));
    seen.add(worker);
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3], "sessions are shared out");
});

Deno.test("steering: media goes where its source is bound, and a BIND alone changes nothing", () => {
  const steering = new Steering(WORKERS, 8);
  const unit = media(0, 1, 100);
  assert.equal(at(steering, unit), NONE);
  at(steering, bind(SESSION));
  assert.equal(at(steering, unit), NONE, "asking is not being bound");
  assert.equal(steering.bound(3, 1, 2), NONE);
  assert.equal(at(steering, unit), 2);
  assert.equal(steering.bound(3, 1, 2), NONE);
  assert.equal(steering.bound(3, 1, 0), 2, "who had it before must let go");
  assert.equal(at(steering, unit), 0);
  assert.equal(at(steering, unit, 2), NONE, "the number is another's by now");
});

Deno.test("steering: only a whole UUID is a session", () => {
  assert.equal(sessionIn(bind(SESSION)), SESSION);
  for (const text of ['{"session_id":"', `{"session_id":"${SESSION.slice(1)}"}`, `{"session":"${SESSION}"}`, ""]) {
    assert.equal(sessionIn(utf8(text)), undefined);
  }
});
