import { CASES as OPS_INPUTS } from "./ops_inputs.ts";

export const ROBUSTNESS_CASES = [
  ...OPS_INPUTS,
];
