/** A testee that misbehaves as its argument says, for tests of the driver. Not part of the program. */

const [fault = ""] = Deno.args;
const decoder = new TextDecoder();
let pending = "";

/** After so many good answers it goes wrong: `hello` and the made-up op come first. */
const GOOD_ANSWERS = 2;
let answered = 0;

for await (const chunk of Deno.stdin.readable) {
  const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
  pending = lines.pop() ?? "";
  for (const line of lines) {
    const { id, op } = JSON.parse(line);
    if (answered++ < GOOD_ANSWERS) say({ id, ...(op === "hello" ? { ok: { name: "bad" } } : { unsupported: op }) });
    else misbehave(id);
  }
}

function misbehave(id: number): void {
  switch (fault) {
    case "hangs":
      return;
    case "dies":
      console.error("out of luck");
      return Deno.exit(3);
    case "floods":
      return write("x".repeat(5 * 1024 * 1024));
    case "chatters":
      return write("{}\n".repeat(10_000));
    case "no-json":
      return write("rubbish\n");
    case "other-id":
      return say({ id: id + 1, ok: {} });
    case "two-forms":
      return say({ id, ok: {}, fault: { reason: "auth" } });
    default:
      return say({ id, unsupported: "everything" });
  }
}

function say(answer: object): void {
  write(`${JSON.stringify(answer)}\n`);
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
