import type { Dispute } from "./finding_files.ts";

/** Of an answer, on the screen. */
const MAX_EXCERPT = 160;

/** What each of two programs says to a finding's case: of two long values, where they differ. */
export function disputeText(dispute: Dispute | undefined): string {
  if (dispute === undefined) return "";
  if (dispute.difference !== undefined) return `  B against A: ${dispute.difference}\n`;
  const excerpt = (text: string) => text.length > MAX_EXCERPT ? `${text.slice(0, MAX_EXCERPT)}...` : text;
  return `  A says ${excerpt(dispute.a)}\n  B says ${excerpt(dispute.b)}\n`;
}
