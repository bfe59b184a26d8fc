/** The thread that runs single cases, which may never end: child_threads.ts listens meanwhile. */
import { answerCases } from "./answer_cases.ts";
import { findTarget } from "./target_table.ts";

answerCases(findTarget);
