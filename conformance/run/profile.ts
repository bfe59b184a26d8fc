/** What a testee says of itself, and whether its "unsupported" can be believed. */
import { brief } from "../expect.ts";
import { type Answer, answerJson, isJson, type Json, type OpRequest } from "../testee/answer.ts";
import type { OpsTestee } from "../testee/ops_testee.ts";

/** No library has this op: whoever answers it would answer anything. */
const MADE_UP_OP = "conformance.made_up_op";

export interface Profile {
  /** The `ok` of `hello`; undefined where the testee has no such op. */
  readonly hello: Json | undefined;
  /** What it answered to the made-up op where that is not `unsupported`; its "unsupported" proves nothing then. */
  readonly dishonesty: string | undefined;
}

/** Asks both questions. @throws TesteeFailure */
export async function probe(testee: OpsTestee): Promise<Profile> {
  const hello = await testee.ask({ op: "hello" });
  const madeUp = await testee.ask({ op: MADE_UP_OP });
  return {
    hello: hello.kind === "ok" ? hello.value : undefined,
    dishonesty: madeUp.kind === "unsupported" ? undefined : brief(answerJson(madeUp)),
  };
}

/** Fields of a request that name something which `hello` lists. */
const CLAIMS = { op: "ops", dialect: "dialects", suite: "suites", codec: "codecs" } as const;

/** Why an `unsupported` is not believed; undefined where it is. */
export function whyNotBelieved({ hello, dishonesty }: Profile, request: OpRequest, answer: Answer): string | undefined {
  if (answer.kind !== "unsupported") return undefined;
  if (dishonesty !== undefined) {
    return `unsupported is not believed: it answers the made-up op ${MADE_UP_OP} with ${dishonesty}`;
  }
  if (hello === undefined) return undefined;
  const names = Object.keys(CLAIMS) as (keyof typeof CLAIMS)[];
  const isClaimed = names.every((name) => {
    const listed = hello[CLAIMS[name]];
    return request[name] === undefined || (Array.isArray(listed) && listed.includes(request[name]));
  });
  return isClaimed ? `unsupported (${answer.why}), although its hello lists all that this request names` : undefined;
}

/** The dialects that `hello` lists. */
export function dialectsOf({ hello }: Profile): readonly string[] {
  const listed = hello?.dialects;
  return Array.isArray(listed) ? listed.filter((dialect) => typeof dialect === "string") : [];
}

export function implementationOf({ hello }: Profile): { readonly name: string; readonly version: string } | undefined {
  if (!isJson(hello) || typeof hello.name !== "string") return undefined;
  return { name: hello.name, version: String(hello.version ?? "") };
}
