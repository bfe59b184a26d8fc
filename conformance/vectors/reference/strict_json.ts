/** I-JSON by recursive descent, character by character: clause 5.1, steps 1 and 2. */
import type { Fault } from "./judge.ts";

export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

export type Read = { readonly value: Value } | { readonly fault: Fault };

class Refused extends Error {
  constructor(readonly fault: Fault) {
    super(fault.reason);
  }
}

/** Text, or bytes that should be UTF-8. */
export function readJson(input: string | Uint8Array): Read {
  try {
    const bytes = typeof input === "string" ? new TextEncoder().encode(input).length : input.length;
    if (bytes > 65535) throw new Refused({ reason: "too_large" });
    return { value: new Descent(typeof input === "string" ? input : decodeUtf8(input)).whole() };
  } catch (error) {
    if (error instanceof Refused) return { fault: error.fault };
    throw error;
  }
}

/** RFC 3629, row by row: how many bytes follow, and the least character that may need so many. */
function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i];
    const [more, bits, least] = first < 0x80
      ? [0, first, 0]
      : first >= 0xc0 && first < 0xe0
      ? [1, first & 0x1f, 0x80]
      : first >= 0xe0 && first < 0xf0
      ? [2, first & 0x0f, 0x800]
      : first >= 0xf0 && first < 0xf8
      ? [3, first & 0x07, 0x10000]
      : [-1, 0, 0];
    let character = bits;
    for (let j = 1; j <= more; j++) {
      const next = bytes[i + j];
      if (next === undefined || next >> 6 !== 2) throw new Refused({ reason: "bad_json" });
      character = character * 64 + (next & 0x3f);
    }
    const isSurrogate = character >= 0xd800 && character <= 0xdfff;
    if (more < 0 || character < least || character > 0x10ffff || isSurrogate) throw new Refused({ reason: "bad_json" });
    text += String.fromCodePoint(character);
    i += more + 1;
  }
  return text;
}

const SPACE = " \t\r\n";

class Descent {
  #at = 0;

  constructor(readonly text: string) {}

  whole(): Value {
    const value = this.#value("$", 0);
    this.#space();
    if (this.#at < this.text.length) this.#refuse("bad_json", this.#at);
    return value;
  }

  #refuse(reason: string, offset: number, path?: string): never {
    throw new Refused({ reason, offset, ...(path === undefined ? {} : { path }) });
  }

  #space(): void {
    while (this.#at < this.text.length && SPACE.includes(this.text[this.#at])) this.#at++;
  }

  #expect(character: string): void {
    this.#space();
    if (this.text[this.#at] !== character) this.#refuse("bad_json", this.#at);
    this.#at++;
  }

  /** `depth` objects and lists are around it. */
  #value(path: string, depth: number): Value {
    this.#space();
    const first = this.text[this.#at];
    if ((first === "{" || first === "[") && depth === 16) this.#refuse("too_large", this.#at, path);
    if (first === "{") return this.#object(path, depth + 1);
    if (first === "[") return this.#list(path, depth + 1);
    if (first === '"') return this.#string();
    for (const [word, value] of [["true", true], ["false", false], ["null", null]] as const) {
      if (this.text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number(path);
  }

  #object(path: string, depth: number): Value {
    const members = new Map<string, Value>();
    this.#at++;
    this.#space();
    if (this.text[this.#at] === "}") this.#at++;
    else {
      for (let more = true; more;) {
        this.#space();
        const start = this.#at;
        if (this.text[start] !== '"') this.#refuse("bad_json", start);
        const name = this.#string();
        const inner = /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
        if (members.has(name)) this.#refuse("duplicate_key", start, inner);
        this.#expect(":");
        members.set(name, this.#value(inner, depth));
        this.#space();
        more = this.text[this.#at] === ",";
        if (more) this.#at++;
        else this.#expect("}");
      }
    }
    return Object.fromEntries(members);
  }

  #list(path: string, depth: number): Value {
    const items: Value[] = [];
    this.#at++;
    this.#space();
    if (this.text[this.#at] === "]") this.#at++;
    else {
      for (let more = true; more;) {
        items.push(this.#value(`${path}[${items.length}]`, depth));
        this.#space();
        more = this.text[this.#at] === ",";
        if (more) this.#at++;
        else this.#expect("]");
      }
    }
    return items;
  }

  #string(): string {
    const start = this.#at++;
    let value = "";
    for (;;) {
      const character = this.text[this.#at];
      if (character === undefined || character < " ") this.#refuse("bad_json", this.#at);
      if (character === '"') break;
      value += character === "\\" ? this.#escape() : character;
      this.#at++;
    }
    this.#at++;
    for (const character of value) {
      const point = character.codePointAt(0) ?? 0;
      const isSurrogate = point >= 0xd800 && point <= 0xdfff;
      const isNoncharacter = (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) === 0xfffe;
      if (isSurrogate || isNoncharacter) this.#refuse("bad_json", start);
    }
    return value;
  }

  /** Leaves the place at the last character of the escape. */
  #escape(): string {
    const start = this.#at++;
    const letter = this.text[this.#at];
    const short = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }[letter ?? ""];
    if (short !== undefined) return short;
    const digits = this.text.slice(this.#at + 1, this.#at + 5);
    if (letter !== "u" || !/^[0-9A-Fa-f]{4}$/.test(digits)) this.#refuse("bad_json", start);
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(path: string): number {
    const start = this.#at;
    const isDigit = () => this.#at < this.text.length && "0123456789".includes(this.text[this.#at]);
    const digits = () => {
      const from = this.#at;
      while (isDigit()) this.#at++;
      return this.#at > from;
    };
    if (this.text[this.#at] === "-") this.#at++;
    if (this.text[this.#at] === "0") this.#at++;
    else if (!digits()) this.#refuse("bad_json", start);
    // A point or an e without digits behind it is not part of the number.
    const part = (opener: string, sign: string) => {
      const from = this.#at;
      if (!opener.includes(this.text[this.#at] ?? " ")) return;
      this.#at++;
      if (sign.includes(this.text[this.#at] ?? " ")) this.#at++;
      if (!digits()) this.#at = from;
    };
    part(".", "");
    part("eE", "+-");
    const value = Number(this.text.slice(start, this.#at));
    if (!Number.isFinite(value)) this.#refuse("bad_value", start, path);
    return value === 0 ? 0 : value;
  }
}
