/**
 * The rules that somebody outside can observe and that no case asks for yet, each with what is missing. The one list: a
 * rule that is neither here nor in a case fails a test, and so does an entry whose rule has got a case.
 */
export const UNCOVERED_RULES: Readonly<Record<string, string>> = {
  "ARC-TRANSPORT-nats-forward": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-presence": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-presence-answer": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-presence-end": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-third": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-moved": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-validate": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-no-return": "needs two servers on one NATS bus",
  "ARC-TRANSPORT-nats-status-server": "needs two servers on one NATS bus",
};
