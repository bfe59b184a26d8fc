/** What a capture file may claim before it is taken for damaged. */

/** The largest packet: libpcap's own bound on the snapshot length. */
export const MAX_PACKET_BYTES = 262_144;

/** The largest block of a pcapng file that is held in memory: a packet with its options, or a key log. */
export const MAX_BLOCK_BYTES = 1_048_576;

/** Interfaces of one pcapng section. */
export const MAX_INTERFACES = 4096;
