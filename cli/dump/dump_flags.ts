/** The flags of `arcrtc dump`, as commander hands them over. */
import type { CheckFormat } from "./check_format.ts";

export interface DumpFlags {
  readonly filter?: string;
  readonly follow?: string;
  readonly from?: string;
  readonly to?: string;
  readonly count?: number;
  readonly detail?: boolean;
  readonly hex?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly fields?: string;
  readonly streams?: boolean;
  readonly calls?: boolean;
  readonly keylog?: string;
  readonly crypto?: string;
  readonly check?: boolean;
  readonly report?: string;
  readonly diff?: string;
  /** True without a file. */
  readonly wiresharkPlugin?: string | true;
  readonly format?: CheckFormat;
  readonly listen?: readonly string[];
  readonly proxy?: readonly string[];
  readonly write?: string;
  readonly embedKeys?: string;
  readonly redact?: string;
  readonly export?: string;
  readonly listFields?: boolean;
  readonly quiet?: boolean;
}
