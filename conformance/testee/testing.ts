/** What the tests of the ops share: a fresh testee, and tables of requests with their exact answers. */
import assert from "node:assert/strict";
import { chooseBackend } from "../../lib/crypto/backend_choice.ts";
import { ownTestee } from "./own.ts";
import type { ReadFile } from "./ops/keystore.ts";
import type { Testee } from "./testee.ts";

export function freshTestee(readFile?: ReadFile): Testee {
  return ownTestee({ version: "0.0.0-test", crypto: chooseBackend("noble").backend, readFile });
}

/** The answer to a request, through the text of both, without its id. */
export function ask(testee: Testee, request: object): Record<string, unknown> {
  const { id, ...answer } = JSON.parse(testee.answerLine(JSON.stringify({ id: 7, ...request })));
  assert.equal(id, 7);
  return answer;
}

export interface Row {
  readonly name: string;
  /** Everything but `id`. */
  readonly request: { readonly op: string; readonly [field: string]: unknown };
  /** The whole answer but `id`: `{ok}`, `{fault}`, `{error}` or `{unsupported}`. */
  readonly answer: object;
}

/** One test per row, each with a testee of its own. */
export function testRows(area: string, rows: readonly Row[], readFile?: ReadFile): void {
  for (const { name, request, answer } of rows) {
    Deno.test(`${area}: ${name}`, () => assert.deepEqual(ask(freshTestee(readFile), request), answer));
  }
}

/** The cases of a file of the engine's vectors. */
export function engineCases<T>(name: string): readonly T[] {
  const url = new URL(`../../fixtures/armoricore/${name}.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url)).cases;
}
