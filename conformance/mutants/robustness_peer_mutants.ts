/** Peers that bad input harms: in what they open, hear by signaling, or get from strangers. */
import { toHex } from "../../lib/base/bytes.ts";
import type { SignalingLink } from "../../lib/net/signaling_link.ts";
import { parseRtcp } from "../../lib/packet/rtcp/compound.ts";
import { isJson } from "../testee/answer.ts";
import type { Mutant } from "./mutant.ts";
import { peerMutant, receiving, withCrypto, withMac } from "./peer_mutant.ts";

/** RTCP's associated data; that of media is longer. */
const RTCP_HEADER_BYTES = 8;
const MANY_BACKSLASHES = "\\".repeat(40);
const EXTENSION_BIT = 0x10;

/** The peer's ciphers, with a look at what they have opened: the unit from its first byte to the end of the plaintext. */
function opening(look: (unit: Uint8Array, isRtcp: boolean) => void) {
  return withCrypto((backend) => ({
    importAead(suite, bytes) {
      const key = backend.importAead(suite, bytes);
      return {
        suite,
        seal: (...args) => key.seal(...args),
        open(nonce, buffer, aadStart, textStart, textEnd) {
          if (!key.open(nonce, buffer, aadStart, textStart, textEnd)) return false;
          const isRtcp = buffer[aadStart + 1] >= 192 && buffer[aadStart + 1] <= 223;
          look(buffer.slice(isRtcp ? textStart - RTCP_HEADER_BYTES : aadStart, textEnd), isRtcp);
          return true;
        },
        free: () => key.free(),
      };
    },
  }));
}

function crash(what: string): never {
  throw new Error(`it has met ${what}`);
}

export const PEER_ROBUSTNESS_MUTANTS: readonly Mutant[] = [
  peerMutant(
    {
      id: "robustness/peer-dies-of-rtcp",
      broken: "ends when RTCP that was protected rightly is malformed",
      breaks: ["ARC-ROBUST-call"],
    },
    opening((unit, isRtcp) => {
      if (isRtcp && !parseRtcp(unit).ok) crash("malformed RTCP");
    }),
  ),
  peerMutant(
    {
      id: "robustness/peer-dies-of-extensions",
      broken: "ends when a packet has header extensions of a profile that it does not know",
      breaks: ["ARC-ROBUST-call"],
    },
    opening((unit, isRtcp) => {
      const at = 12 + 4 * (unit[0] & 0x0f);
      const profile = toHex(unit.subarray(at, at + 2));
      if (!isRtcp && (unit[0] & EXTENSION_BIT) !== 0 && profile !== "bede") crash(`a profile ${profile}`);
    }),
  ),
  peerMutant(
    {
      id: "robustness/peer-dies-of-short-repairs",
      broken: "ends when a retransmission is too short for its original's number",
      breaks: ["ARC-ROBUST-call"],
    },
    opening((unit, isRtcp) => {
      const isRtx = !isRtcp && (unit[1] & 0x7f) === 97;
      if (isRtx && unit.length < 16 + 4 * (unit[0] & 0x0f) + 2) crash("an RTX packet of nothing");
    }),
  ),
  peerMutant(
    {
      id: "robustness/peer-dies-of-sealed-text",
      broken: "ends when a message that was sealed rightly is no JSON",
      breaks: ["ARC-ROBUST-call"],
    },
    withMac((key) => ({
      verify(buffer, start, end, ...rest) {
        const isRight = key.verify(buffer, start, end, ...rest);
        const zero = buffer.indexOf(0, start);
        const isText = buffer[start] === 0x7b && zero === end - 7;
        if (isRight && isText && !isMessageText(new TextDecoder().decode(buffer.subarray(start, zero)))) {
          crash("no JSON");
        }
        return isRight;
      },
    })),
  ),
  (() => {
    const links: SignalingLink[] = [];
    return peerMutant({
      id: "robustness/peer-leaves-at-bad-json",
      broken: "leaves its server when something comes from there that is no JSON",
      breaks: ["ARC-ROBUST-call"],
    }, {
      link(link) {
        links.push(link);
        return link;
      },
      message(unit) {
        // Which of those that run it was, it cannot tell: all leave.
        if (!isMessageText(new TextDecoder().decode(unit))) {
          for (const link of links) link.close("it has met no JSON");
        }
      },
    });
  })(),
  peerMutant(
    {
      id: "robustness/peer-answers-noise",
      broken: "tells whoever sends it noise that it was noise",
      breaks: ["ARC-ROBUST-amplification"],
    },
    receiving((unit, answer) => {
      if (unit[0] >= 0x80 && unit.length >= 16) return false;
      answer(new TextEncoder().encode('{"type":"ERROR","code":"bad_message","message":"noise","timestamp":1}'));
      return true;
    }),
  ),
  peerMutant({
    id: "robustness/peer-deaf-after-noise",
    broken: "reads nothing more from its socket once it has read a unit of no class",
    breaks: ["ARC-ROBUST-call"],
  }, {
    transport(transport) {
      let isDeaf = false;
      const deafened = receiving((unit) =>
        isDeaf ||= unit[0] < 0x14 || (unit[0] > 0x3f && unit[0] !== 0x7b && unit[0] < 0x80)
      );
      return deafened.transport?.(transport) ?? transport;
    },
  }),
  (() => {
    let isBusy = false;
    const late = receiving(() => isBusy);
    return peerMutant({
      id: "robustness/peer-busy-with-escapes",
      broken: "is busy with a message of backslashes for ever",
      breaks: ["ARC-ROBUST-time"],
    }, {
      transport(transport) {
        isBusy = false;
        return late.transport?.(transport) ?? transport;
      },
      message: (unit) => isBusy ||= new TextDecoder().decode(unit).includes(MANY_BACKSLASHES),
    });
  })(),
];

/** True for a text that is a JSON object, whatever is in it. */
export function isMessageText(text: string): boolean {
  try {
    return isJson(JSON.parse(text));
  } catch {
    return false;
  }
}
