/** Ends that come from outside: signals of the system and keys on the terminal. */
import type { Io } from "../ui/io.ts";

/**
 * Calls `handler` at the first SIGINT or SIGTERM. The second is the system's again, so that nobody is locked in. Answers
 * what stops listening.
 */
export function onInterrupt(handler: () => void): () => void {
  // Windows knows no SIGTERM.
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const stop = () => {
    for (const signal of signals) Deno.removeSignalListener(signal, listener);
  };
  const listener = () => {
    stop();
    handler();
  };
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return stop;
}

/** Calls `handler` with each key typed, where there is a terminal to type on. Answers what gives the terminal back. */
export function onKey(io: Io, handler: (key: string) => void): () => void {
  if (!io.stdinIsTerminal) return () => {};
  // `cbreak` leaves Ctrl-C a signal.
  Deno.stdin.setRaw(true, { cbreak: Deno.build.os !== "windows" });
  let isOn = true;
  const read = async () => {
    const buffer = new Uint8Array(16);
    while (isOn) {
      const count = await Deno.stdin.read(buffer);
      if (count === null || !isOn) return;
      handler(new TextDecoder().decode(buffer.subarray(0, count)));
    }
  };
  // Without keys the call goes on.
  read().catch(() => {});
  return () => {
    isOn = false;
    Deno.stdin.setRaw(false);
  };
}
