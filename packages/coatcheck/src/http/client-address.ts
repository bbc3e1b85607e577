import { BlockList, isIP, SocketAddress } from "node:net";
import { CoatcheckError } from "../session/errors.ts";

/**
 * Which proxies before the server may say who the client is. `false`: none, and forwarding headers are ignored. A
 * number: so many hops, counted from the server. A list: these addresses and CIDR ranges.
 */
export type TrustProxy = false | number | readonly string[];

/** What the trusted proxies write. Only one kind is read: a proxy that writes one kind passes a forged other kind on. */
export type ForwardingHeaders = "x-forwarded" | "forwarded";

/** How a request arrived at this process. */
export interface Arrival {
  /** The other end of the socket. */
  readonly address: string | undefined;
  /** Whether that socket speaks TLS. */
  readonly encrypted: boolean;
  /** The value of a header, by lower-case name; several lines joined by a comma. */
  header(name: string): string | undefined;
}

/** Who sent a request and what they asked for, as far as the trusted proxies can tell. */
export interface Client {
  /** Without port, zone or IPv4-mapped prefix; null when it is unknown. */
  readonly address: string | null;
  readonly protocol: "http" | "https";
  /** With its port where that is not the default; null when the request named none. */
  readonly host: string | null;
}

/** One hop as a proxy reported it. */
interface Hop {
  readonly address: string | null;
  readonly protocol: string | undefined;
  readonly host: string | undefined;
}

/**
 * Finds the client behind the trusted proxies.
 *
 * Everything is read from the right, the end that trusted proxies write; what stands further left than the last trusted
 * hop came from the client, who may write there what they like.
 */
export class ClientAddress {
  readonly #trusts: Trusts;
  readonly #headers: ForwardingHeaders;

  /** @throws CoatcheckError `VALIDATION_FAILED` when an entry is no address, no range, or the count no whole number. */
  constructor(trust: TrustProxy = false, headers: ForwardingHeaders = "x-forwarded") {
    this.#trusts = trustOf(trust);
    this.#headers = headers;
  }

  /** Who sent the request that arrived so. */
  of(arrival: Arrival): Client {
    let client: Client = {
      address: normalAddress(arrival.address ?? ""),
      protocol: arrival.encrypted ? "https" : "http",
      host: arrival.header("host") ?? null,
    };
    if (!this.#trusts(client.address, 0)) return client;

    const hops = this.#headers === "forwarded" ? forwardedHops(arrival) : xForwardedHops(arrival);
    for (const [distance, hop] of hops.reverse().entries()) {
      client = {
        address: hop.address ?? client.address,
        protocol: hop.protocol === "https" || hop.protocol === "http" ? hop.protocol : client.protocol,
        host: hop.host ?? client.host,
      };
      if (hop.address === null || !this.#trusts(hop.address, distance + 1)) break;
    }
    return client;
  }
}

/** Whether the hop so far from the server, at this address, is one of ours. */
type Trusts = (address: string | null, hop: number) => boolean;

function trustOf(trust: TrustProxy): Trusts {
  if (trust === false) return () => false;
  if (typeof trust === "number") {
    if (!Number.isInteger(trust) || trust < 0) throw misconfigured("", "must be a whole number of hops");
    return (_address, hop) => hop < trust;
  }
  if (!Array.isArray(trust))
    throw misconfigured("", "must be false, a number of hops, or a list of addresses");
  const list = new BlockList();
  for (const [index, entry] of trust.entries()) addRange(list, entry, `.${index}`);
  return (address) => address !== null && list.check(address, familyOf(address));
}

function addRange(list: BlockList, entry: string, path: string): void {
  const [start = "", bits, ...rest] = String(entry).split("/");
  const address = normalAddress(start);
  if (address === null || rest.length > 0) throw misconfigured(path, "must be an address or a CIDR range");
  const family = familyOf(address);
  if (bits === undefined) {
    list.addAddress(address, family);
    return;
  }
  // A range over IPv4-mapped addresses would count its bits from the wrong end once it is normalised.
  const width = family === "ipv6" ? 128 : 32;
  const mapped = family === "ipv4" && start.includes(":");
  if (mapped || !/^\d{1,3}$/.test(bits) || Number(bits) < 1 || Number(bits) > width) {
    throw misconfigured(path, `must be an address and 1 to ${width} bits`);
  }
  list.addSubnet(address, Number(bits), family);
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function misconfigured(path: string, message: string): CoatcheckError {
  const faults = [{ path: `trustProxy${path}`, message }];
  return new CoatcheckError("VALIDATION_FAILED", "The trusted proxies will not do.", { faults });
}

/**
 * `X-Forwarded-For` has an entry per hop. `-Proto` and `-Host` may have as many, or a single one that the outermost
 * proxy set and the others left alone; aligned at the right, where a missing entry repeats the one nearest to it.
 */
function xForwardedHops(arrival: Arrival): Hop[] {
  const addresses = listOf(arrival.header("x-forwarded-for"));
  const protocols = listOf(arrival.header("x-forwarded-proto"));
  const hosts = listOf(arrival.header("x-forwarded-host"));
  const length = Math.max(addresses.length, 1);
  return Array.from({ length }, (_, index) => {
    const fromRight = length - 1 - index;
    return {
      address: addresses.length === 0 ? null : withoutPort(addresses[index] ?? ""),
      protocol: fromTheRight(protocols, fromRight)?.toLowerCase(),
      host: fromTheRight(hosts, fromRight),
    };
  });
}

function fromTheRight(list: readonly string[], distance: number): string | undefined {
  return list.at(-1 - Math.min(distance, list.length - 1));
}

function listOf(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(",").map((entry) => entry.trim());
}

const FORWARDED_PAIR = /(?:^|;)[ \t]*(for|proto|host)=(?:"([^"\\]*)"|([^";,\\ \t]*))[ \t]*(?=;|$)/gi;

/** `Forwarded: for=192.0.2.60;proto=https;host=shop.example, for="[2001:db8::1]:4711"` (RFC 7239 §4). */
function forwardedHops(arrival: Arrival): Hop[] {
  const value = arrival.header("forwarded");
  if (value === undefined) return [];
  return elementsOf(value).map((element) => {
    const pairs = new Map<string, string>();
    for (const [, name = "", quoted, plain] of element.matchAll(FORWARDED_PAIR)) {
      pairs.set(name.toLowerCase(), quoted ?? plain ?? "");
    }
    return {
      address: withoutPort(pairs.get("for") ?? ""),
      protocol: pairs.get("proto")?.toLowerCase(),
      host: pairs.get("host") || undefined,
    };
  });
}

/** Splits at commas that stand outside quotes. */
function elementsOf(value: string): string[] {
  return (value.match(/(?:"[^"]*"?|[^",])+/g) ?? []).map((element) => element.trim());
}

/** Addresses come as `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` and `[2001:db8::1]:4711`. */
function withoutPort(text: string): string | null {
  if (text.startsWith("[")) return normalAddress(text.slice(1, text.indexOf("]")));
  const colon = text.indexOf(":");
  const single = colon !== -1 && colon === text.lastIndexOf(":");
  return normalAddress(single ? text.slice(0, colon) : text);
}

/** One spelling per address: no zone, IPv4-mapped IPv6 as IPv4, IPv6 in its canonical form (RFC 5952). */
function normalAddress(text: string): string | null {
  const zone = text.indexOf("%");
  const address = zone === -1 ? text : text.slice(0, zone);
  const family = isIP(address);
  if (family === 0) return null;
  if (family === 4) return address;
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  return canonical.startsWith("::ffff:") && canonical.includes(".") ? canonical.slice(7) : canonical;
}
