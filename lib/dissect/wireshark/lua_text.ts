/** Values as Lua writes them. */

export type LuaValue = string | number | boolean | undefined | readonly LuaValue[] | {
  readonly [key: string]: LuaValue;
};

/** One line; keys whose value is undefined are left out. */
export function lua(value: LuaValue): string {
  if (value === undefined) return "nil";
  if (typeof value === "string") return luaString(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `{ ${value.map(lua).join(", ")} }`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{ ${
    members.map(([key, member]) => `${/^[a-z_]\w*$/i.test(key) ? key : `[${luaString(key)}]`} = ${lua(member)}`).join(
      ", ",
    )
  } }`;
}

function isList(value: LuaValue): value is readonly LuaValue[] {
  return Array.isArray(value);
}

/** Bytes outside of ASCII by their decimal escapes, as every version of Lua reads them. */
function luaString(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let out = "";
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    out += isPlain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`;
  }
  return `"${out}"`;
}
