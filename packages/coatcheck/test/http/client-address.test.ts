import { describe, expect, it } from "vitest";
import {
  ClientAddress,
  type ConnectionInfo,
  type ForwardingHeaders,
  type TrustProxy,
} from "../../src/http/client-address.ts";

interface Case {
  readonly trust: TrustProxy;
  readonly from?: string;
  readonly headers: Record<string, string>;
  readonly address: string | null;
  readonly protocol?: "http" | "https";
  readonly host?: string | null;
}

describe("ClientAddress with X-Forwarded-* headers", () => {
  const cases: Record<string, Case> = {
    "ignores the headers when no proxy is trusted": {
      trust: false,
      headers: {
        "x-forwarded-for": "1.1.1.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil.example",
      },
      address: "10.0.0.9",
      protocol: "http",
      host: "shop.example",
    },
    "ignores the headers when the number of proxies is 0": {
      trust: 0,
      headers: { "x-forwarded-for": "1.1.1.1" },
      address: "10.0.0.9",
    },
    "uses the rightmost entry for one proxy": {
      trust: 1,
      headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.5" },
      address: "203.0.113.5",
    },
    "uses the second entry from the right for two proxies": {
      trust: 2,
      headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.5, 10.0.0.7" },
      address: "203.0.113.5",
    },
    "ignores empty entries": {
      trust: 1,
      headers: { "x-forwarded-for": ", 203.0.113.5,", "x-forwarded-proto": "https," },
      address: "203.0.113.5",
      protocol: "https",
    },
    "uses the leftmost entry when there are fewer entries than proxies": {
      trust: 5,
      headers: { "x-forwarded-for": "203.0.113.5" },
      address: "203.0.113.5",
    },
    "uses the peer's address when there is no header": { trust: 1, headers: {}, address: "10.0.0.9" },
    "trusts a socket without an address when proxies are counted": {
      trust: 1,
      from: "",
      headers: { "x-forwarded-for": "203.0.113.5" },
      address: "203.0.113.5",
    },
    "does not trust a socket without an address when proxies are listed": {
      trust: ["10.0.0.0/8"],
      from: "",
      headers: { "x-forwarded-for": "1.1.1.1" },
      address: null,
    },
    "stops at the first address that is not in the list": {
      trust: ["10.0.0.0/8", "192.168.1.1"],
      headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.5, 192.168.1.1, 10.9.9.9" },
      address: "203.0.113.5",
    },
    "ignores the headers of a peer that is not in the list": {
      trust: ["192.168.0.0/16"],
      headers: { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https" },
      address: "10.0.0.9",
      protocol: "http",
    },
    "converts an IPv4-mapped address to IPv4": {
      trust: ["10.0.0.0/8"],
      from: "::ffff:10.0.0.9",
      headers: { "x-forwarded-for": "::ffff:203.0.113.5" },
      address: "203.0.113.5",
    },
    "converts an IPv4-mapped address in hexadecimal to IPv4": {
      trust: false,
      from: "::ffff:cb00:7105",
      headers: {},
      address: "203.0.113.5",
    },
    "matches IPv6 ranges": {
      trust: ["2001:db8::/32"],
      from: "2001:db8::7",
      headers: { "x-forwarded-for": "2001:DB9:0:0:0::1" },
      address: "2001:db9::1",
    },
    "removes the zone of an address": {
      trust: false,
      from: "fe80::1%eth0",
      headers: {},
      address: "fe80::1",
    },
    "removes the port of an IPv4 address": {
      trust: 1,
      headers: { "x-forwarded-for": "203.0.113.5:4711" },
      address: "203.0.113.5",
    },
    "removes the port of an IPv6 address": {
      trust: 1,
      headers: { "x-forwarded-for": "[2001:db8::1]:4711" },
      address: "2001:db8::1",
    },
    "stops at an entry that is not an address": {
      trust: 3,
      headers: { "x-forwarded-for": "6.6.6.6, unknown, 203.0.113.5" },
      address: "203.0.113.5",
    },
    "ignores an entry with markup": {
      trust: 1,
      headers: { "x-forwarded-for": "<script>alert(1)</script>" },
      address: "10.0.0.9",
    },
    "uses protocol and host from one trusted proxy": {
      trust: 1,
      headers: {
        "x-forwarded-for": "203.0.113.5",
        "x-forwarded-proto": "HTTPS",
        "x-forwarded-host": "www.shop.example",
      },
      address: "203.0.113.5",
      protocol: "https",
      host: "www.shop.example",
    },
    "ignores entries that the client added before those of the proxy": {
      trust: 1,
      headers: {
        "x-forwarded-for": "6.6.6.6, 203.0.113.5",
        "x-forwarded-proto": "https, http",
        "x-forwarded-host": "evil.example, shop.example",
      },
      address: "203.0.113.5",
      protocol: "http",
      host: "shop.example",
    },
    "applies a single protocol entry to all proxies": {
      trust: 2,
      headers: { "x-forwarded-for": "203.0.113.5, 10.0.0.7", "x-forwarded-proto": "https" },
      address: "203.0.113.5",
      protocol: "https",
    },
    "uses the protocol when there is no address": {
      trust: 1,
      headers: { "x-forwarded-proto": "https" },
      address: "10.0.0.9",
      protocol: "https",
    },
    "ignores an unknown protocol": {
      trust: 1,
      headers: { "x-forwarded-for": "203.0.113.5", "x-forwarded-proto": "gopher" },
      address: "203.0.113.5",
      protocol: "http",
    },
    "ignores a Forwarded header": {
      trust: 1,
      headers: { "x-forwarded-for": "203.0.113.5", forwarded: "for=6.6.6.6" },
      address: "203.0.113.5",
    },
  };
  it.each(Object.entries(cases))("determines the client: %s", (_name, expected) =>
    expectResolved(expected, "x-forwarded"),
  );
});

describe("ClientAddress with a Forwarded header (RFC 7239)", () => {
  const cases: Record<string, Case> = {
    "reads the example of the RFC": {
      trust: 1,
      headers: { forwarded: "for=192.0.2.60;proto=https;by=203.0.113.43;host=www.shop.example" },
      address: "192.0.2.60",
      protocol: "https",
      host: "www.shop.example",
    },
    "reads several elements and quoted IPv6 addresses": {
      trust: ["10.0.0.0/8", "2001:db8:cafe::/48"],
      headers: { forwarded: 'for=6.6.6.6, For=192.0.2.43;Proto=https, for="[2001:db8:cafe::17]:4711"' },
      address: "192.0.2.43",
      protocol: "https",
    },
    "stops at an obfuscated client": {
      trust: 2,
      headers: { forwarded: "for=_hidden;proto=https" },
      address: "10.0.0.9",
      protocol: "https",
    },
    "does not split at a comma or semicolon in quotes": {
      trust: 1,
      headers: { forwarded: 'for=192.0.2.60;host="a, for=6.6.6.6;b"' },
      address: "192.0.2.60",
    },
    "reads escaped characters in quotes": {
      trust: 1,
      headers: { forwarded: String.raw`for="192.0.2.6\0";host="a\"b, for=6.6.6.6"` },
      address: "192.0.2.60",
      host: 'a"b, for=6.6.6.6',
    },
    "ignores an X-Forwarded-For header": {
      trust: 1,
      headers: { forwarded: "for=192.0.2.60", "x-forwarded-for": "6.6.6.6" },
      address: "192.0.2.60",
    },
    "uses the peer's address when there is no header": { trust: 1, headers: {}, address: "10.0.0.9" },
    "ignores a malformed header": { trust: 1, headers: { forwarded: ';;=",",for' }, address: "10.0.0.9" },
  };
  it.each(Object.entries(cases))("determines the client: %s", (_name, expected) =>
    expectResolved(expected, "forwarded"),
  );
});

describe("ClientAddress", () => {
  const cases: [trust: TrustProxy, path: string][] = [
    [-1, "trustProxy"],
    [1.5, "trustProxy"],
    [Number.NaN, "trustProxy"],
    [["10.0.0.1", "proxy.local"], "trustProxy.1"],
    [["10.0.0.0/33"], "trustProxy.0"],
    [["0.0.0.0/0"], "trustProxy.0"],
    [["10.0.0.0/8/8"], "trustProxy.0"],
    [["10.0.0.0/x"], "trustProxy.0"],
    [["::ffff:10.0.0.0/104"], "trustProxy.0"],
    [[""], "trustProxy.0"],
    // Values of wrong types, which JavaScript code or a configuration file may contain.
    [JSON.parse("true"), "trustProxy"],
    [JSON.parse('"10.0.0.1"'), "trustProxy"],
    [JSON.parse("[null]"), "trustProxy.0"],
  ];
  it.each(cases)("rejects the invalid value %j of the option `trustProxy`", (trust, path) => {
    expect(() => new ClientAddress(trust)).toThrow(
      expect.objectContaining({ code: "VALIDATION_FAILED", faults: [expect.objectContaining({ path })] }),
    );
  });
});

function expectResolved(
  { trust, from = "10.0.0.9", headers, ...expected }: Case,
  kind: ForwardingHeaders,
): void {
  const all: Record<string, string> = { host: "shop.example", ...headers };
  const arrival: ConnectionInfo = {
    address: from || undefined,
    encrypted: false,
    header: (name) => all[name],
  };
  expect(new ClientAddress(trust, kind).resolve(arrival)).toMatchObject(expected);
}
