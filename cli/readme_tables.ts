/** The tables of README that are facts of the code: made from the code, so that they cannot drift. */
import registry from "../conformance/requirements.json" with { type: "json" };
import { COMMANDS } from "./commands/registry.ts";
import { EXIT, EXIT_MEANING, type ExitName } from "./exit_codes.ts";

/**
 * Where each clause of SPEC.md lives; a clause that no code honours yet has no home and says so. A test checks that
 * every clause is listed and every path exists.
 */
export const CLAUSE_HOMES: Readonly<Record<string, readonly string[]>> = {
  "1": ["lib/packet/demux.ts", "lib/packet/framing.ts"],
  "2": ["lib/packet/arcrtp.ts", "lib/packet/extensions.ts", "lib/packet/reduced.ts"],
  "3": ["lib/crypto/key_schedule.ts", "lib/crypto/transcript.ts", "lib/crypto/epochs.ts", "lib/crypto/identity.ts"],
  "4": ["lib/crypto/srtp_protect.ts", "lib/crypto/srtp_unprotect.ts", "lib/crypto/srtcp.ts"],
  "5": ["lib/signaling/messages/", "lib/signaling/endpoint.ts", "lib/crypto/seal.ts", "lib/media/payload/"],
  "6": ["lib/signaling/hub.ts", "lib/net/signaling_server.ts", "lib/net/open_signaling.ts"],
  "7": ["lib/session/path_finder.ts", "lib/session/paths.ts", "lib/session/tcp_paths.ts"],
  "8": ["lib/relay/", "lib/net/relay_server.ts", "lib/session/relay_client.ts", "lib/crypto/relay_token.ts"],
  "9": ["lib/quality/"],
  "10": ["lib/packet/rtcp/", "lib/fec/", "lib/jitter/"],
  "11": ["lib/bridge/"],
  "12": ["lib/packet/armoricore.ts", "lib/crypto/armoricore_srtp.ts", "lib/signaling/armoricore_messages.ts"],
};

type Tables = "commands" | "exit-codes" | "clauses";

/** The text of README with every generated table renewed from the code and from SPEC.md's text. Throws when a marker is missing: README lost its place. */
export function renewReadme(readme: string, spec: string): string {
  const tables: Record<Tables, string> = {
    commands: markdownTable(
      ["command", "what it does", "Deno permissions"],
      COMMANDS.map(({ name, summary, permissions, nativePermissions }) => {
        const native = nativePermissions === undefined ? "" : `; native backends: \`${nativePermissions}\``;
        return [`\`${name}\``, summary, `\`${permissions}\`${native}`];
      }),
    ),
    "exit-codes": markdownTable(
      ["code", "name", "meaning"],
      (Object.keys(EXIT) as ExitName[]).map((name) => [String(EXIT[name]), name, EXIT_MEANING[name]]),
    ),
    clauses: markdownTable(["clause of SPEC.md", "rules", "where it lives"], clauseRows(spec)),
  };
  let text = readme;
  for (const name of Object.keys(tables) as Tables[]) {
    const open = `<!-- generated: ${name} -->`;
    const close = `<!-- end: ${name} -->`;
    const from = text.indexOf(open);
    const to = text.indexOf(close);
    if (from < 0 || to < from) throw new Error(`README.md has lost its markers ${open} ... ${close}`);
    text = `${text.slice(0, from + open.length)}\n\n${tables[name]}\n${text.slice(to)}`;
  }
  return text;
}

function clauseRows(spec: string): string[][] {
  return [...spec.matchAll(/^# (\d+) (.+)$/gm)].map(([, clause, title]) => {
    const rules = registry.requirements.filter((rule) => rule.clause.split(".")[0] === clause);
    const homes = (CLAUSE_HOMES[clause] ?? []).map((home) => `[${home}](${home})`).join(", ");
    return [`${clause} ${title}`, String(rules.length), homes || "not in this version"];
  });
}

/** A Markdown table as `deno fmt` lays it out: cells padded to the widest of their column. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |\n`;
  return line(head) + line(widths.map((width) => "-".repeat(width))) + rows.map(line).join("");
}
