/** Ops of the interface that a testee may lack; they say why, and `hello` does not list them. */
import { type Ops, unsupported } from "../testee.ts";

export const LACKING: Ops = {
  "keystore.open": () => unsupported("this testee was started without access to files"),
};
