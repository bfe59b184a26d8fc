/** How a peer can speak to its server: framed over TCP, over a Phoenix channel, or a message a frame over WebSocket. */
export const PEER_WAYS = ["tcp", "phoenix", "plain"] as const;

export type PeerWay = (typeof PEER_WAYS)[number];

/** Those that a peer has; the first is used where any will do. */
export type PeerWays = readonly [PeerWay, ...PeerWay[]];
