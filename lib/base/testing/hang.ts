/**
 * Never returns, and leaves the processor to others: for tests of who notices that. From outside it is like a loop without
 * end; but a loop in a `Worker` goes on after `terminate()`, and keeps a core busy until the last test of a run is over.
 */
export function hang(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
