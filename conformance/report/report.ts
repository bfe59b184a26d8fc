/** What a report is: one function over the one result model, one file for each format. */
import type { SuiteResult } from "../results.ts";

/** Colours a piece of text, or leaves it alone. */
export type Paint = (colour: "red" | "green" | "yellow" | "cyan" | "dim" | "bold", text: string) => string;

export interface ReportStyle {
  readonly paint: Paint;
  /** Passed cases are listed too, and whole transcripts shown. */
  readonly verbose: boolean;
  /** Of a line, for people. */
  readonly columns: number;
  /** Of the program that ran the suite. */
  readonly version: string;
}

/** The whole text of a report, with its last line end. */
export type Report = (result: SuiteResult, style: ReportStyle) => string;
