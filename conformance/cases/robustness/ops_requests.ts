/** SPEC clause 1.4 for a test interface: lines that are no requests, and requests that lack what their op needs. */
import type { Case, Check } from "../../case.ts";
import { brief, copes } from "../../expect.ts";
import { type Answer, answerJson, type Json } from "../../testee/answer.ts";
import { type PublishedVector, vectorsOf } from "../../vector_case.ts";
import { withVectors } from "./between_vectors.ts";
import { Malformed } from "./malformed.ts";
import { READERS } from "./readers.ts";

const WELL = '"op":"unit.classify","hex":"80"';
const MEGABYTE = 1024 * 1024;

/** Lines that are no requests, by what they are. */
const NO_REQUESTS: Readonly<Record<string, string>> = {
  "empty": "",
  "blank": "   \t ",
  "a word": "hello",
  "half an object": `{"id":1,${WELL}`,
  "an object and something behind it": `{"id":1,${WELL}} {`,
  "a comma too many": `{"id":1,${WELL},}`,
  "single quotes": "{'id':1,'op':'hello'}",
  "a number": "17",
  "null": "null",
  "a text": '"hello"',
  "a list": `[{"id":1,${WELL}}]`,
  "brackets without end": "[".repeat(60_000),
  "no op": '{"id":2}',
  "an op that is a number": '{"id":3,"op":7}',
  "an op that is null": '{"id":4,"op":null}',
  "an op that is a list": '{"id":5,"op":["unit.classify"]}',
  "an op that is an object": '{"id":6,"op":{"op":"unit.classify"}}',
};

/** Requests that lack something, or have it in a form that is none. */
const WRONG_FIELDS: Readonly<Record<string, string>> = {
  "no hex": '{"id":1,"op":"unit.classify"}',
  "hex of an odd length": '{"id":2,"op":"unit.classify","hex":"808"}',
  "hex with other letters": '{"id":3,"op":"unit.classify","hex":"80xy"}',
  "hex with a prefix": '{"id":4,"op":"unit.classify","hex":"0x80"}',
  "hex that is a number": '{"id":5,"op":"unit.classify","hex":80}',
  "hex that is null": '{"id":6,"op":"unit.classify","hex":null}',
  "hex that is a list": '{"id":7,"op":"unit.classify","hex":["80"]}',
  "hex that is true": '{"id":8,"op":"rtp.parse","hex":true}',
  "hex that is an object": '{"id":9,"op":"rtcp.parse","hex":{}}',
  "a list that is a text": '{"id":10,"op":"frame.read","chunks":"0001"}',
  "a list that holds null": '{"id":11,"op":"frame.read","chunks":[null]}',
  "a list that holds lists": '{"id":12,"op":"frame.read","chunks":[["00"]]}',
  "a list with odd hex in it": '{"id":13,"op":"frame.read","chunks":["00","1"]}',
};

const WRONG_VALUES: readonly unknown[] = [null, true, -1, 1.5, 1e300, "", "x", "é", [], [[]], {}, { __proto__: null }];

export const CASES: readonly Case[] = [
  {
    id: "robustness/request-none",
    requirements: ["ARC-ROBUST-driver"],
    title: "A line that is no request is answered with one error, and the next request as if it had not been there",
    needs: "ops",
    checks: () =>
      withVectors("unit.classify", Object.entries(NO_REQUESTS).map(([name, line]) => lineCheck(name, line))),
  },
  {
    id: "robustness/request-wrong-fields",
    requirements: ["ARC-ROBUST-driver"],
    title: "A request without a field that its op needs, or with one of another type, is answered with one error",
    needs: "ops",
    checks: () =>
      withVectors("unit.classify", Object.entries(WRONG_FIELDS).map(([name, line]) => lineCheck(name, line))),
  },
  {
    id: "robustness/request-spoilt",
    requirements: ["ARC-ROBUST-driver"],
    title: "Requests to each op with a field left out or of any other type get one answer each",
    needs: "ops",
    checks: ({ rng }) => {
      const malformed = new Malformed(rng);
      return withVectors(
        "unit.classify",
        READERS.flatMap(({ op }) => spoilt(malformed.random.pick(vectorsOf(op, "arcrtc-1.0")), malformed)),
      );
    },
  },
  {
    id: "robustness/request-large",
    requirements: ["ARC-ROBUST-driver", "ARC-ROBUST-time"],
    title: "A line of a megabyte gets one answer, in time",
    needs: "ops",
    checks: () => {
      const zeros = "00".repeat(MEGABYTE / 2);
      return withVectors("unit.classify", [
        ...["unit.classify", "rtp.parse", "rtcp.parse"].map((op): Check => ({
          name: `${op} of a megabyte`,
          request: { op, hex: `80c8${zeros}` },
          ...copes(),
        })),
        { name: "no hex, a megabyte of it", ...asLine(`{"id":1,"op":"rtp.parse","hex":"${"z".repeat(MEGABYTE)}"}`) },
        { name: "a megabyte of brackets", ...asLine("[".repeat(MEGABYTE)) },
      ]);
    },
  },
];

/** Any answer of the interface is one: what is wrong may be of no consequence. */
const ONE_ANSWER = { expected: "one answer of the interface", judge: () => undefined };

function spoilt({ name, op, fields }: PublishedVector, { random }: Malformed): readonly Check[] {
  const request = (changed: Json) => ({ op, ...fields, ...changed });
  return Object.keys(fields).flatMap((field): readonly Check[] => [
    { name: `${name} without ${field}`, request: request({ [field]: undefined }), ...ONE_ANSWER },
    { name: `${name} with another ${field}`, request: request({ [field]: random.pick(WRONG_VALUES) }), ...ONE_ANSWER },
  ]);
}

function lineCheck(name: string, line: string): Check {
  return { name, ...asLine(line) };
}

const SHOWN_CHARACTERS = 200;

function asLine(line: string): Omit<Check, "name"> {
  return {
    request: { op: "none: a line as it is", line: line.slice(0, SHOWN_CHARACTERS) },
    line,
    expected: "one error",
    judge: (answer: Answer) => answer.kind === "error" ? undefined : `the answer is ${brief(answerJson(answer))}`,
  };
}
