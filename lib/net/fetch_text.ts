/** What is behind an http or https URL, as text, within bounds. */

export interface FetchLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Gives up when it is aborted. */
  readonly signal?: AbortSignal;
}

/** @throws Error that says what went wrong: no answer, none that is good, one that is too long. */
export async function fetchText(url: string, { maxBytes, timeoutMs, signal }: FetchLimits): Promise<string> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const response = await fetch(url, { signal: either }).catch((error) => {
    // "fetch failed" is all that some versions say themselves.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`it answers ${response.status}`);
  }
  let text = "";
  let bytes = 0;
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`its answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
