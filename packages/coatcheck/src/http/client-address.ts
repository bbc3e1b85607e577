import { BlockList, isIP, SocketAddress } from "node:net";
import { CoatcheckError } from "../session/errors.ts";

/**
 * The proxies whose forwarding headers are trusted.
 *
 * - `false`: none; forwarding headers are ignored.
 * - a number: this many proxies in front of the server.
 * - a list: proxies with these IP addresses, or in these CIDR ranges.
 */
export type TrustProxy = false | number | readonly string[];

/**
 * The kind of headers that the trusted proxies write. Headers of the other kind are ignored, because such a proxy
 * forwards them unchanged from a client, who can forge them.
 */
export type ForwardingHeaders = "x-forwarded" | "forwarded";

/** A request's headers, and the connection on which it arrived. */
export interface ConnectionInfo {
  /** The IP address of the socket's peer; undefined if unknown. */
  readonly address: string | undefined;
  /** Whether the socket uses TLS. */
  readonly encrypted: boolean;
  /** Returns the value of a header by its lower-case name. Several lines are joined with a comma. */
  header(name: string): string | undefined;
}

/** The client of a request, as reported by the trusted proxies. */
export interface Client {
  /** An IP address without port, zone or IPv4-mapped prefix; null if unknown. */
  readonly address: string | null;
  readonly protocol: "http" | "https";
  /** The requested host, with its port unless it is the default port; null if the request names no host. */
  readonly host: string | null;
}

/** One forwarding entry: what one proxy reported about the connection to it. */
interface Hop {
  readonly address: string | null;
  readonly protocol: string | undefined;
  readonly host: string | undefined;
}

/**
 * Finds the client behind the trusted proxies.
 *
 * Forwarding headers are read from the right, because each proxy appends its entry there. Entries further left than
 * those of the trusted proxies come from the client, who can forge them.
 */
export class ClientAddress {
  readonly #isTrusted: IsTrusted;
  readonly #headers: ForwardingHeaders;

  /**
   * @throws CoatcheckError `VALIDATION_FAILED` when an entry is not an address or CIDR range, or the count is invalid.
   */
  constructor(trust: TrustProxy = false, headers: ForwardingHeaders = "x-forwarded") {
    this.#isTrusted = createTrustCheck(trust);
    this.#headers = headers;
  }

  /** Returns the client of a request. */
  resolve(arrival: ConnectionInfo): Client {
    let client: Client = {
      address: normalizeAddress(arrival.address ?? ""),
      protocol: arrival.encrypted ? "https" : "http",
      host: arrival.header("host") ?? null,
    };
    if (!this.#isTrusted(client.address, 0)) return client;

    const hops = this.#headers === "forwarded" ? forwardedHops(arrival) : xForwardedHops(arrival);
    for (const [distance, hop] of hops.reverse().entries()) {
      client = {
        address: hop.address ?? client.address,
        protocol: hop.protocol === "https" || hop.protocol === "http" ? hop.protocol : client.protocol,
        host: hop.host ?? client.host,
      };
      if (hop.address === null || !this.#isTrusted(hop.address, distance + 1)) break;
    }
    return client;
  }
}

/** Decides whether to trust a proxy, by its address and its number of hops from the server (0 is the socket's peer). */
type IsTrusted = (address: string | null, hop: number) => boolean;

function createTrustCheck(trust: TrustProxy): IsTrusted {
  if (trust === false) return () => false;
  if (typeof trust === "number") {
    if (!Number.isInteger(trust) || trust < 0)
      throw trustedProxiesError("", "must be a whole number of proxies");
    return (_address, hop) => hop < trust;
  }
  if (!Array.isArray(trust)) {
    throw trustedProxiesError("", "must be false, a number of proxies, or a list of addresses");
  }
  const list = new BlockList();
  for (const [index, entry] of trust.entries()) addTrustedRange(list, entry, `.${index}`);
  return (address) => address !== null && list.check(address, ipFamily(address));
}

function addTrustedRange(list: BlockList, entry: string, path: string): void {
  const [start = "", bits, ...rest] = String(entry).split("/");
  const address = normalizeAddress(start);
  if (address === null || rest.length > 0)
    throw trustedProxiesError(path, "must be an IP address or a CIDR range");
  const family = ipFamily(address);
  if (bits === undefined) {
    list.addAddress(address, family);
    return;
  }
  // Normalising turns an IPv4-mapped address into IPv4, so the prefix length must fit the family of the normalised
  // address.
  const width = family === "ipv6" ? 128 : 32;
  const mapped = family === "ipv4" && start.includes(":");
  if (mapped || !/^\d{1,3}$/.test(bits) || Number(bits) < 1 || Number(bits) > width) {
    throw trustedProxiesError(path, `must be an IP address with a prefix length of 1 to ${width}`);
  }
  list.addSubnet(address, Number(bits), family);
}

function ipFamily(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function trustedProxiesError(subpath: string, message: string): CoatcheckError {
  const path = `trustProxy${subpath}`;
  return new CoatcheckError("VALIDATION_FAILED", `Invalid trusted proxies: ${path} ${message}.`, {
    faults: [{ path, message }],
  });
}

/**
 * Reads the `X-Forwarded-*` headers. `X-Forwarded-For` has one entry per hop. `X-Forwarded-Proto` and
 * `X-Forwarded-Host` also have one entry per hop, or only one entry, which the outermost proxy wrote. Entries are
 * therefore counted from the right, and the leftmost entry replaces those that are missing.
 */
function xForwardedHops(arrival: ConnectionInfo): Hop[] {
  const addresses = splitCommaList(arrival.header("x-forwarded-for"));
  const protocols = splitCommaList(arrival.header("x-forwarded-proto"));
  const hosts = splitCommaList(arrival.header("x-forwarded-host"));
  const length = Math.max(addresses.length, 1);
  return Array.from({ length }, (_, index) => {
    const fromRight = length - 1 - index;
    return {
      address: addresses.length === 0 ? null : withoutPort(addresses[index] ?? ""),
      protocol: entryFromRight(protocols, fromRight)?.toLowerCase(),
      host: entryFromRight(hosts, fromRight),
    };
  });
}

function entryFromRight(list: readonly string[], distance: number): string | undefined {
  return list.at(-1 - Math.min(distance, list.length - 1));
}

/** Returns the elements of a comma-separated list, without empty elements (RFC 9110 §5.6.1). */
function splitCommaList(value: string | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

const FORWARDED_PAIR_PATTERN =
  /(?:^|;)[ \t]*(for|proto|host)=(?:"((?:[^"\\]|\\.)*)"|([^";,\\ \t]*))[ \t]*(?=;|$)/gi;

/** `Forwarded: for=192.0.2.60;proto=https;host=shop.example, for="[2001:db8::1]:4711"` (RFC 7239 §4). */
function forwardedHops(arrival: ConnectionInfo): Hop[] {
  const value = arrival.header("forwarded");
  if (value === undefined) return [];
  return splitOutsideQuotes(value).map((element) => {
    const pairs = new Map<string, string>();
    for (const [, name = "", quoted, plain] of element.matchAll(FORWARDED_PAIR_PATTERN)) {
      pairs.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
    }
    return {
      address: withoutPort(pairs.get("for") ?? ""),
      protocol: pairs.get("proto")?.toLowerCase(),
      host: pairs.get("host") || undefined,
    };
  });
}

/** Splits at commas outside quotes. */
function splitOutsideQuotes(value: string): string[] {
  return (value.match(/(?:"(?:[^"\\]|\\.)*"?|[^",])+/g) ?? []).map((element) => element.trim());
}

/** Accepts `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` and `[2001:db8::1]:4711`. */
function withoutPort(text: string): string | null {
  if (text.startsWith("[")) return normalizeAddress(text.slice(1, text.indexOf("]")));
  const colon = text.indexOf(":");
  const single = colon !== -1 && colon === text.lastIndexOf(":");
  return normalizeAddress(single ? text.slice(0, colon) : text);
}

/** Returns the canonical form of an address: no zone, IPv4-mapped IPv6 as IPv4, IPv6 as in RFC 5952. */
function normalizeAddress(text: string): string | null {
  const zone = text.indexOf("%");
  const address = zone === -1 ? text : text.slice(0, zone);
  const family = isIP(address);
  if (family === 0) return null;
  if (family === 4) return address;
  return canonicalAddresses.get(address) ?? canonicalIPv6(address);
}

/** The canonical form of each IPv6 address. Cached because parsing an address takes several microseconds. */
const canonicalAddresses = new Map<string, string>();
const MAX_CANONICAL_ADDRESSES = 10_000;

function canonicalIPv6(text: string): string {
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  const canonical = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
  const [oldest] = canonicalAddresses.keys();
  if (canonicalAddresses.size >= MAX_CANONICAL_ADDRESSES && oldest !== undefined)
    canonicalAddresses.delete(oldest);
  canonicalAddresses.set(text, canonical);
  return canonical;
}
