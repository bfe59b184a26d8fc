/** The one exit-code table of every subcommand; `arcrtc explain <code>` and README quote it. */
export const EXIT = {
  ok: 0,
  finding: 1,
  usage: 2,
  nothingSelected: 3,
  unreachable: 4,
  crashFound: 5,
  sloMissed: 6,
  refused: 7,
  internal: 70,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT;
export type ExitCode = (typeof EXIT)[ExitName];

export const EXIT_MEANING: Readonly<Record<ExitName, string>> = {
  ok: "Everything that was asked for was done, and nothing was found wrong.",
  finding: "The work ran to its end and found something wrong: bad input, a failed case, a missing or different frame.",
  usage: "The command line is not understood: an unknown command or flag, or a value out of its bounds.",
  nothingSelected: "The selection is empty, so nothing ran. An empty run never counts as a success.",
  unreachable: "The other side could not be reached, or went away before the work was done.",
  crashFound: "A fuzzing run found a crash, a hang or a broken rule.",
  sloMissed: "A service level given with --slo was missed.",
  refused: "The other side answered and refused: not authorised, busy, or no common version, codec or cipher.",
  internal: "A bug in arcrtc itself. Please report it with the printed stack.",
  interrupted: "Stopped by SIGINT or SIGTERM; what was measured so far is printed.",
};
