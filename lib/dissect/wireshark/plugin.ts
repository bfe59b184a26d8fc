/**
 * A dissector for Wireshark and tshark in Lua. Fields, masks and parts come out of the tables that our own dissectors read;
 * the code around them does what these do, and a test holds its readings to ours.
 */
import { LUA_MESSAGES } from "./lua_messages.ts";
import { LUA_PACKETS } from "./lua_packets.ts";
import { luaFields, luaParts } from "./lua_fields.ts";
import { LUA_STATE } from "./lua_state.ts";
import { LUA_UNITS } from "./lua_units.ts";

/** The plugin's whole text. `version` is the program's. */
export function wiresharkPlugin(version: string): string {
  return `-- ArcRTC for Wireshark and tshark, made by arcrtc ${version} (arcrtc dump --wireshark-plugin). Apache-2.0.
-- Filter names are those of arcrtc dump; RTCP's begin with arcrtcp. because rtcp. is Wireshark's own.

set_plugin_info({ version = "${version}", description = "ArcRTC: ArcRTP, ArcSRTP, signaling", author = "arcrtc" })

local arcrtc = Proto("arcrtc", "ArcRTC")
local fields = {}

${luaFields()}
arcrtc.fields = fields

${luaParts()}${LUA_PACKETS}${LUA_MESSAGES}${LUA_STATE}${LUA_UNITS}`;
}
