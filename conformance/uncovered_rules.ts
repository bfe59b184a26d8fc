/**
 * The rules that somebody outside can observe and that no case asks for yet, each with what is missing. The one list: a
 * rule that is neither here nor in a case fails a test, and so does an entry whose rule has got a case.
 */
export const UNCOVERED_RULES: Readonly<Record<string, string>> = {};
