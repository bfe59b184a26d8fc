/** How `--relay` of a peer is written; apart from its reader, which help does not load. */
export const PEER_RELAY_FORM = "ID@HOST:PORT[/PRIORITY][;tcp|tls][;token=TOKEN]";
