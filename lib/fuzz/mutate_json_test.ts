import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { SeededCaseRandom } from "./case_random.ts";
import { jsonPlaces } from "./json_places.ts";
import { mutateJson } from "./mutate_json.ts";

/** What stands at each place, with the name where it is a member. */
function partsOf(text: string): string[] | undefined {
  return jsonPlaces(text)?.map(({ start, valueStart, end, isMember }) => {
    assert.equal(start < valueStart, isMember);
    return text.slice(start, end);
  });
}

Deno.test("fuzz: the places of a JSON text are its members and items, inner before outer", () => {
  assert.deepEqual(partsOf(String.raw` { "a]\"" : [1, -2.5e3 ,"},{"] , "":{ "b":null }}`), [
    "1",
    "-2.5e3",
    '"},{"',
    String.raw`"a]\"" : [1, -2.5e3 ,"},{"]`,
    '"b":null',
    '"":{ "b":null }',
  ]);
  for (const text of ["1", '"x"', "[]", " {} "]) assert.deepEqual(partsOf(text), [], text);
  for (const text of ["", "[1", "[1]]", '{"a":1,}', "\u0001"]) assert.equal(partsOf(text), undefined, text);
});

Deno.test("fuzz: of mutated JSON most is JSON, and what was not touched keeps its spelling", () => {
  const text = String.raw`{"first" : 1e2, "list":[ 1, "\u00e9", {"x":null} ],"word":"a","flag":true , "last":-0.0}`;
  const [unit, other] = [utf8(text), utf8('[{"donor":[7]},"d"]')];
  const random = new SeededCaseRandom(29);
  const made = Array.from({ length: 2000 }, () => new TextDecoder().decode(mutateJson(unit, other, random, 4096)));
  const valid = made.filter((each) => jsonPlaces(each) !== undefined);
  assert.ok(valid.length > 0.7 * made.length, `${valid.length} of ${made.length} are JSON`);
  assert.ok(new Set(valid).size > 0.5 * valid.length, "they differ");
  for (const part of ['"first" : 1e2', String.raw`"\u00e9"`, '"flag":true ', '"last":-0.0']) {
    assert.ok(valid.some((each) => each !== text && each.includes(part)), part);
    assert.ok(valid.some((each) => !each.includes(part)), `${part} is never touched`);
  }
  assert.ok(valid.some((each) => each.includes('"d"')), "values of the other case come in");
});
