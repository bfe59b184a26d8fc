/**
 * The structures of `recvmmsg` and `sendmmsg` on 64-bit Linux, in 32-bit words:
 *
 * ```
 *   mmsghdr   0 name*  2 namelen  4 iov*  6 iovlen  8 control*  10 controllen  12 flags  14 len      (16 words)
 *   iovec     0 base*  2 len                                                                         (4 words)
 *   cmsghdr   0 len    2 level  3 type  4 data                                                       (6 with 2 of data)
 * ```
 */
export const HEADER_WORDS = 16;
export const NAME_AT = 0;
export const NAME_BYTES_AT = 2;
export const IOV_AT = 4;
export const IOV_COUNT_AT = 6;
export const CONTROL_AT = 8;
export const CONTROL_BYTES_AT = 10;
export const FLAGS_AT = 12;
export const LENGTH_AT = 14;

export const IOVEC_WORDS = 4;

export const CONTROL_WORDS = 6;
/** `CMSG_LEN` and `CMSG_SPACE` of a u16 or an int. */
export const SEGMENT_CMSG_BYTES = 18;
export const CMSG_SPACE_BYTES = 4 * CONTROL_WORDS;

/** Packets that one system call takes in. */
export const VECTOR_PACKETS = 64;
