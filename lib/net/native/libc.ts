/** The system calls behind the native UDP backend, on Linux. Both architectures have one layout but for `epoll_event`. */
import { LibraryError, openLibrary } from "./library.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "pointer"], result: "i32" },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** Waits on a thread of its own: the buffer must outlive the call. */
  epollWait: { name: "epoll_wait", parameters: ["i32", "buffer", "i32", "i32"], result: "i32", nonblocking: true },
  errnoLocation: { name: "__errno_location", parameters: [], result: "usize" },
  /** Moves nothing and answers where the buffer lies: `UnsafePointer.of` would need the permission for all libraries. */
  addressOf: { name: "memmove", parameters: ["buffer", "buffer", "usize"], result: "usize" },
  copyTo: { name: "memcpy", parameters: ["buffer", "usize", "usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Libc = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_MEMINFO = 55;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;
export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;
export const POLLIN = 1;
export const EFD_CLOEXEC = SOCK_CLOEXEC;
export const EFD_NONBLOCK = 0o4000;
export const EPOLL_CLOEXEC = SOCK_CLOEXEC;
export const EPOLLIN = 1;
export const EPOLLONESHOT = 0x4000_0000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_MOD = 3;

/** `struct epoll_event` is packed on x86-64 only. */
export const EPOLL_EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
export const EPOLL_DATA_AT = EPOLL_EVENT_BYTES - 8;

export const ERRNO = {
  EPERM: 1,
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  EACCES: 13,
  EINVAL: 22,
  EMSGSIZE: 90,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
} as const;

let loaded: Libc | LibraryError | undefined;

/** The C library. @throws LibraryError where it cannot be called; the same one whenever asked. */
export function libc(): Libc {
  loaded ??= load();
  if (loaded instanceof LibraryError) throw loaded;
  return loaded;
}

function load(): Libc | LibraryError {
  const isServed = Deno.build.os === "linux" && ["x86_64", "aarch64"].includes(Deno.build.arch);
  if (!isServed) return new LibraryError("it is made for Linux on x86-64 and aarch64");
  try {
    return openLibrary({
      name: "libc",
      soname: "libc.so.6",
      paths: {
        x86_64: ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"],
        aarch64: ["/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"],
      },
    }, SYMBOLS).symbols;
  } catch (error) {
    if (error instanceof LibraryError) return error;
    throw error;
  }
}

let errnoAt: bigint | undefined;
const errnoWord = new Int32Array(1);
const errnoBytes = new Uint8Array(errnoWord.buffer);

/** The error of the call before, on this thread. */
export function errno(c: Libc): number {
  // The place is the thread's for good, and each thread has its own copy of this module.
  errnoAt ??= c.errnoLocation();
  c.copyTo(errnoBytes, errnoAt, 4n);
  return errnoWord[0];
}

/** Throws what a failed call left behind, with its name as `code`, as Node's errors have it. */
export function systemError(c: Libc, call: string): Error & { readonly code: string } {
  const number = errno(c);
  const code = Object.entries(ERRNO).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
  return Object.assign(new Error(`${call}: ${code}`), { code });
}

/**
 * Where `bytes` lies. It stays there as long as it lives, which is the caller's to see to: whatever the system is given
 * the address of must be reachable from something that outlives the call.
 */
export function addressOf(c: Libc, bytes: Uint8Array<ArrayBuffer>): number {
  // Small arrays live on the collector's heap, and may move, until somebody asks for their buffer.
  if (bytes.buffer.byteLength === 0) throw new RangeError("Cannot take the address of an empty buffer");
  return Number(c.addressOf(bytes, bytes, 0n));
}
