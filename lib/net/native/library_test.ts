/** What is said where a library is missing, old or incomplete. No test here needs it to be present but the first. */
import assert from "node:assert/strict";
import { LIBCRYPTO as OPENED } from "../../crypto/testing/backends.ts";
import { chooseCryptoBackend } from "../crypto_choice.ts";
import { LIBCRYPTO, openLibCrypto } from "./libcrypto.ts";
import { LibraryError, openLibrary } from "./library.ts";

const at = (path: string) => ({ ...LIBCRYPTO, soname: path, paths: {} });

Deno.test({
  name: "libcrypto: opened where OpenSSL 3 is installed, and then taken by auto",
  ignore: typeof OPENED === "string" && /cannot open shared object|no permission/.test(OPENED),
  fn() {
    assert.equal(chooseCryptoBackend("auto").backend.name, "native");
    assert.equal(chooseCryptoBackend("native").backend.name, "native");
    assert.equal(chooseCryptoBackend("node").backend.name, "node");
    assert.equal(chooseCryptoBackend("noble").backend.name, "noble");
  },
});

Deno.test("libcrypto: a missing library is told with its name, and can be caught", () => {
  assert.throws(() => openLibCrypto(at("/nowhere/libcrypto.so.3")), (error) => {
    return error instanceof LibraryError && /^libcrypto cannot be used: /.test(error.message);
  });
});

Deno.test({
  name: "libcrypto: a library without the symbols is told with the symbol",
  ignore: Deno.build.os !== "linux",
  fn() {
    assert.throws(() => openLibCrypto(at("libc.so.6")), (error) => {
      return error instanceof LibraryError && /undefined symbol: (OpenSSL_|EVP_|HMAC_|EC_|BN_)/.test(error.message);
    });
  },
});

Deno.test("libcrypto: a place that nobody knows is an error, not a crash", () => {
  const places = { name: "libnothing", soname: "libnothing-at-all.so.9", paths: {} };
  assert.throws(() => openLibrary(places, {}), /^LibraryError|Error: libnothing cannot be used/);
});
