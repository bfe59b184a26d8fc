/**
 * A small internet in network namespaces: public hosts, and homes behind NATs of every kind.
 *
 * ```
 *   host        host         home                         home
 *  203.0.113.2  203.0.113.3   router 203.0.113.4           router 203.0.113.5
 *      |           |            | NAT   \                    | NAT   \
 *      |           |            |       192.168.1.2          |       192.168.1.2
 *  ----+-----------+------------+----------------------------+------------   bridge in a namespace of its own
 * ```
 */
import { Namespaces } from "./namespaces.ts";

const PUBLIC_NETWORK = "203.0.113";
const PUBLIC_DEVICE = "eth0";
const HOME_DEVICE = "lan0";
const INSIDE = "192.168.1.2";
const ROUTER_INSIDE = "192.168.1.1";

/**
 * What a NAT does with UDP, in the old words (RFC 3489 §5): which mapping it makes, and whom it lets in through it.
 *
 * | kind                 | the port outside depends on        | lets in                                |
 * | -------------------- | ---------------------------------- | -------------------------------------- |
 * | full-cone            | the inside alone                   | everybody                              |
 * | restricted-cone      | the inside alone                   | addresses that were sent to            |
 * | port-restricted-cone | the inside alone                   | addresses and ports that were sent to  |
 * | symmetric            | the destination as well, at random | addresses and ports that were sent to  |
 */
export type NatKind = "full-cone" | "restricted-cone" | "port-restricted-cone" | "symmetric";

export interface Home {
  readonly kind: NatKind;
  /** Where programs run. */
  readonly inside: string;
  readonly router: string;
  readonly publicIp: string;
}

export interface PublicHost {
  readonly namespace: string;
  readonly ip: string;
}

export class Internet {
  readonly #namespaces = new Namespaces();
  readonly #backbone: string;
  #hosts = 1;

  constructor() {
    this.#backbone = this.#namespaces.add("backbone");
    this.#namespaces.ip(this.#backbone, "link add br0 type bridge");
    this.#namespaces.ip(this.#backbone, "link set br0 up");
  }

  host(name: string): PublicHost {
    const namespace = this.#namespaces.add(name);
    return { namespace, ip: this.#attach(namespace) };
  }

  home(name: string, kind: NatKind): Home {
    const router = this.#namespaces.add(`${name}-router`);
    const publicIp = this.#attach(router);
    const inside = this.#namespaces.add(name);
    this.#namespaces.connect(router, HOME_DEVICE, inside, PUBLIC_DEVICE);
    this.#namespaces.ip(router, `addr add ${ROUTER_INSIDE}/24 dev ${HOME_DEVICE}`);
    this.#namespaces.ip(inside, `addr add ${INSIDE}/24 dev ${PUBLIC_DEVICE}`);
    this.#namespaces.ip(inside, `route add default via ${ROUTER_INSIDE}`);
    this.#namespaces.forwards(router);
    const home: Home = { kind, inside, router, publicIp };
    this.firewall(home, "");
    return home;
  }

  /** What a home's router drops, as rules of nftables for what is on its way through it; none: everything passes. */
  firewall({ kind, router }: Home, drops: string): void {
    this.#namespaces.rules(router, `${NAT_RULES[kind]}\n${filterTable(drops)}`);
  }

  /** Cuts the cable of a home, or of a public host, or mends it. */
  cable(to: Home | PublicHost, isUp: boolean): void {
    const namespace = "inside" in to ? to.inside : to.namespace;
    this.#namespaces.ip(namespace, `link set ${PUBLIC_DEVICE} ${isUp ? "up" : "down"}`);
    if (isUp && "inside" in to) this.#namespaces.ip(namespace, `route replace default via ${ROUTER_INSIDE}`);
  }

  /** Gives a home another public address, as when a line is opened anew: what the NAT knew is gone. */
  renumber(home: Home): Home {
    const publicIp = `${PUBLIC_NETWORK}.${++this.#hosts}`;
    // In this order: with the first address of a network Linux takes away all that were added to it later.
    this.#namespaces.ip(home.router, `addr del ${home.publicIp}/24 dev ${PUBLIC_DEVICE}`);
    this.#namespaces.ip(home.router, `addr add ${publicIp}/24 dev ${PUBLIC_DEVICE}`);
    return { ...home, publicIp };
  }

  close(): void {
    this.#namespaces.close();
  }

  /** Puts a namespace on the backbone; answers its address. */
  #attach(namespace: string): string {
    const number = ++this.#hosts;
    const port = `port${number}`;
    this.#namespaces.connect(namespace, PUBLIC_DEVICE, this.#backbone, port);
    this.#namespaces.ip(this.#backbone, `link set ${port} master br0`);
    const ip = `${PUBLIC_NETWORK}.${number}`;
    this.#namespaces.ip(namespace, `addr add ${ip}/24 dev ${PUBLIC_DEVICE}`);
    return ip;
  }
}

/** Rules of {@link Internet.firewall}. */
export const DROP_UDP = "meta l4proto udp drop";

export function dropAddress(ip: string): string {
  return `ip daddr ${ip} drop; ip saddr ${ip} drop`;
}

/**
 * Strangers are met with silence, as by any home router: were they answered, the router would keep a connection of its own
 * with them, and give the same port of the host inside another number.
 */
function filterTable(drops: string): string {
  return `table ip filter {
    chain through { type filter hook forward priority 10; ${drops}; }
    chain own { type filter hook input priority 0; iifname "${PUBLIC_DEVICE}" ct state new drop; }
  }`;
}

/** What leaves keeps its port where that is free. */
const outward = (how: string) =>
  `chain outward { type nat hook postrouting priority 100; oifname "${PUBLIC_DEVICE}" masquerade ${how}; }`;

/** What comes in goes to the one host that there is inside, at the same port. */
const inward = (from: string) =>
  `chain inward { type nat hook prerouting priority -100;
     iifname "${PUBLIC_DEVICE}" ${from} udp dport 1024-65535 dnat to ${INSIDE}; }`;

const NAT_RULES: Readonly<Record<NatKind, string>> = {
  "full-cone": `table ip nat {
    ${inward("")}
    ${outward("")}
  }`,
  "restricted-cone": `table ip nat {
    set known { type ipv4_addr; size 1024; flags dynamic; }
    ${inward("ip saddr @known")}
    ${outward("")}
    chain learn { type filter hook forward priority 0; oifname "${PUBLIC_DEVICE}" update @known { ip daddr }; }
  }`,
  "port-restricted-cone": `table ip nat {
    ${outward("")}
  }`,
  "symmetric": `table ip nat {
    ${outward("fully-random")}
  }`,
};
