import { describe, expect, it } from "vitest";
import {
  type Arrival,
  ClientAddress,
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

describe("X-Forwarded-*", () => {
  const cases: Record<string, Case> = {
    "is ignored when no proxy is trusted": {
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
    "is ignored for no hops": { trust: 0, headers: { "x-forwarded-for": "1.1.1.1" }, address: "10.0.0.9" },
    "one hop: the right-most entry, whatever the client wrote before it": {
      trust: 1,
      headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.5" },
      address: "203.0.113.5",
    },
    "two hops": {
      trust: 2,
      headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.5, 10.0.0.7" },
      address: "203.0.113.5",
    },
    "more hops than entries": {
      trust: 5,
      headers: { "x-forwarded-for": "203.0.113.5" },
      address: "203.0.113.5",
    },
    "no header: the proxy itself": { trust: 1, headers: {}, address: "10.0.0.9" },
    "a count trusts a socket without an address": {
      trust: 1,
      from: "",
      headers: { "x-forwarded-for": "203.0.113.5" },
      address: "203.0.113.5",
    },
    "a list does not": {
      trust: ["10.0.0.0/8"],
      from: "",
      headers: { "x-forwarded-for": "1.1.1.1" },
      address: null,
    },
    "a list stops at the first stranger": {
      trust: ["10.0.0.0/8", "192.168.1.1"],
      headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.5, 192.168.1.1, 10.9.9.9" },
      address: "203.0.113.5",
    },
    "a list ignores a stranger's headers": {
      trust: ["192.168.0.0/16"],
      headers: { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https" },
      address: "10.0.0.9",
      protocol: "http",
    },
    "an IPv4-mapped peer is its IPv4 address": {
      trust: ["10.0.0.0/8"],
      from: "::ffff:10.0.0.9",
      headers: { "x-forwarded-for": "::ffff:203.0.113.5" },
      address: "203.0.113.5",
    },
    "a mapped address in hexadecimal too": {
      trust: false,
      from: "::ffff:cb00:7105",
      headers: {},
      address: "203.0.113.5",
    },
    "IPv6 ranges": {
      trust: ["2001:db8::/32"],
      from: "2001:db8::7",
      headers: { "x-forwarded-for": "2001:DB9:0:0:0::1" },
      address: "2001:db9::1",
    },
    "a zone is no part of the address": {
      trust: false,
      from: "fe80::1%eth0",
      headers: {},
      address: "fe80::1",
    },
    "ports come off": {
      trust: 1,
      headers: { "x-forwarded-for": "203.0.113.5:4711" },
      address: "203.0.113.5",
    },
    "ports of IPv6 come off": {
      trust: 1,
      headers: { "x-forwarded-for": "[2001:db8::1]:4711" },
      address: "2001:db8::1",
    },
    "what is no address ends the walk": {
      trust: 3,
      headers: { "x-forwarded-for": "6.6.6.6, unknown, 203.0.113.5" },
      address: "203.0.113.5",
    },
    "script in the header": {
      trust: 1,
      headers: { "x-forwarded-for": "<script>alert(1)</script>" },
      address: "10.0.0.9",
    },
    "protocol and host of one trusted hop": {
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
    "the entries that the trusted hop wrote, not what the client put before them": {
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
    "one entry that the outermost proxy set stands for all hops": {
      trust: 2,
      headers: { "x-forwarded-for": "203.0.113.5, 10.0.0.7", "x-forwarded-proto": "https" },
      address: "203.0.113.5",
      protocol: "https",
    },
    "protocol without address": {
      trust: 1,
      headers: { "x-forwarded-proto": "https" },
      address: "10.0.0.9",
      protocol: "https",
    },
    "an unknown protocol changes nothing": {
      trust: 1,
      headers: { "x-forwarded-for": "203.0.113.5", "x-forwarded-proto": "gopher" },
      address: "203.0.113.5",
      protocol: "http",
    },
    "Forwarded is not read beside it": {
      trust: 1,
      headers: { "x-forwarded-for": "203.0.113.5", forwarded: "for=6.6.6.6" },
      address: "203.0.113.5",
    },
  };
  it.each(Object.entries(cases))("%s", (_name, expected) => check(expected, "x-forwarded"));
});

describe("Forwarded (RFC 7239)", () => {
  const cases: Record<string, Case> = {
    "the RFC's example": {
      trust: 1,
      headers: { forwarded: "for=192.0.2.60;proto=https;by=203.0.113.43;host=www.shop.example" },
      address: "192.0.2.60",
      protocol: "https",
      host: "www.shop.example",
    },
    "several elements, IPv6 in quotes": {
      trust: ["10.0.0.0/8", "2001:db8:cafe::/48"],
      headers: { forwarded: 'for=6.6.6.6, For=192.0.2.43;Proto=https, for="[2001:db8:cafe::17]:4711"' },
      address: "192.0.2.43",
      protocol: "https",
    },
    "an obfuscated client is unknown": {
      trust: 2,
      headers: { forwarded: "for=_hidden;proto=https" },
      address: "10.0.0.9",
      protocol: "https",
    },
    "a comma or semicolon in quotes separates nothing": {
      trust: 1,
      headers: { forwarded: 'for=192.0.2.60;host="a, for=6.6.6.6;b"' },
      address: "192.0.2.60",
    },
    "X-Forwarded-For is not read beside it": {
      trust: 1,
      headers: { forwarded: "for=192.0.2.60", "x-forwarded-for": "6.6.6.6" },
      address: "192.0.2.60",
    },
    "no header": { trust: 1, headers: {}, address: "10.0.0.9" },
    garbage: { trust: 1, headers: { forwarded: ';;=",",for' }, address: "10.0.0.9" },
  };
  it.each(Object.entries(cases))("%s", (_name, expected) => check(expected, "forwarded"));
});

describe("trusted proxies that are none", () => {
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
    // From JavaScript, or from a file.
    [JSON.parse("true"), "trustProxy"],
    [JSON.parse('"10.0.0.1"'), "trustProxy"],
    [JSON.parse("[null]"), "trustProxy.0"],
  ];
  it.each(cases)("%j", (trust, path) => {
    expect(() => new ClientAddress(trust)).toThrow(
      expect.objectContaining({ code: "VALIDATION_FAILED", faults: [expect.objectContaining({ path })] }),
    );
  });
});

function check({ trust, from = "10.0.0.9", headers, ...expected }: Case, kind: ForwardingHeaders): void {
  const all: Record<string, string> = { host: "shop.example", ...headers };
  const arrival: Arrival = { address: from || undefined, encrypted: false, header: (name) => all[name] };
  expect(new ClientAddress(trust, kind).of(arrival)).toMatchObject(expected);
}
