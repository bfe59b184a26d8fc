import assert from "node:assert/strict";
import { ask, engineCases, freshTestee, type Row, testRows } from "../testing.ts";

const RR = "80c9000100000003";
const PLI = "81ce00020000000100000002";
const NACK = "81cd0003000000010000000200070005";
const RR_JSON = { type: "rr", ssrc: 3, reports: [] };
const PLI_JSON = { type: "pli", sender_ssrc: 1, media_ssrc: 2 };
const NACK_JSON = { type: "nack", sender_ssrc: 1, media_ssrc: 2, items: [{ pid: 7, blp: 5 }], lost: [7, 8, 10] };

const ROWS: readonly Row[] = [
  {
    name: "a compound in its order",
    request: { op: "rtcp.parse", hex: RR + PLI + NACK },
    answer: { ok: { packets: [RR_JSON, PLI_JSON, NACK_JSON] } },
  },
  {
    name: "ARC-RTCP-bad-length: a part that runs past the end",
    request: { op: "rtcp.parse", hex: RR + PLI.slice(0, -2) },
    answer: { fault: { reason: "bad_length", offset: 10 } },
  },
  {
    name: "write: a compound",
    request: { op: "rtcp.write", packets: [RR_JSON, PLI_JSON, NACK_JSON] },
    answer: { ok: { hex: RR + PLI + NACK } },
  },
  {
    name: "write: NACK from the list of lost packets alone",
    request: { op: "rtcp.write", packets: [{ ...NACK_JSON, items: undefined }] },
    answer: { ok: { hex: NACK } },
  },
  {
    name: "write: an SSRC beyond 32 bits",
    request: { op: "rtcp.write", packets: [RR_JSON, { ...RR_JSON, ssrc: 2 ** 32 }] },
    answer: { fault: { reason: "bad_value", path: "$.packets[1].ssrc" } },
  },
  {
    name: "write: a type of nobody's",
    request: { op: "rtcp.write", packets: [{ type: "xr" }] },
    answer: { fault: { reason: "unknown_type", path: "$.packets[0].type" } },
  },
  { name: "write: no packets", request: { op: "rtcp.write" }, answer: { error: "$.packets must be present" } },
];

testRows("rtcp", ROWS);

interface EngineReport {
  readonly id: string;
  readonly wire?: string;
  /** Sender reports were captured with the clock's seconds set to 0. */
  readonly wire_ntp_msw_zeroed?: string;
}

Deno.test("rtcp: the engine's reports come back byte for byte", () => {
  const testee = freshTestee();
  const reports = engineCases<EngineReport>("rtcp").filter(({ id }) => /^(rr|sr)_\d+$/.test(id));
  assert.ok(reports.length >= 5);
  for (const { id, wire, wire_ntp_msw_zeroed } of reports) {
    const hex = wire ?? wire_ntp_msw_zeroed;
    const parsed = ask(testee, { op: "rtcp.parse", hex }).ok as object;
    assert.deepEqual(ask(testee, { op: "rtcp.write", ...parsed }), { ok: { hex } }, id);
  }
});
