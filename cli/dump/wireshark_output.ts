/** `--wireshark-plugin`: writes the plugin and says where Wireshark looks for it. */
import { wiresharkPlugin } from "../../lib/dissect/wireshark/plugin.ts";
import { OutputFile } from "../peer/output_file.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { VERSION } from "../version.ts";

const HELP = `
Wireshark and tshark load it from the personal Lua plugins folder (Help > About Wireshark > Folders), at a restart:
  Linux, macOS  ~/.local/lib/wireshark/plugins/arcrtc.lua
  Windows       %APPDATA%\\Wireshark\\plugins\\arcrtc.lua
For once, without installing: tshark -X lua_script:arcrtc.lua -r call.pcapng -Y 'arcrtp.seq > 100'
Filter names are those of arcrtc dump --list-fields; of RTCP they begin with arcrtcp. in place of rtcp.
Media stays encrypted there; arcrtc dump --keylog opens it. What a flow is shows by its content: on other
relay ports than 3478 "Decode As" helps where another protocol claims them.
`;

/** `true`: to standard output. @throws CliError where the file cannot be written. */
export function writeWiresharkPlugin(target: string | true, io: Io, isQuiet: boolean): void {
  const text = wiresharkPlugin(VERSION);
  if (target === true || target === "-") io.stdout(text);
  else if (!target.endsWith(".lua")) {
    throw new CliError("usage", `${target} is no name for a plugin`, "Wireshark loads files that end in .lua");
  } else {
    const file = new OutputFile(target);
    file.write(new TextEncoder().encode(text));
    file.close();
  }
  if (!isQuiet) {
    io.stderr(`${target === true || target === "-" ? "the plugin for Wireshark" : `wrote ${target}`}${HELP}`);
  }
}
