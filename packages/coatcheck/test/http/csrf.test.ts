import { describe, expect, it } from "vitest";
import { CrossOriginProtection, CsrfTokens } from "../../src/http/csrf.ts";
import { SecretRing } from "../../src/session/token.ts";

describe("cross-origin protection: the cases of Go 1.25 net/http", () => {
  const secFetchSite: [name: string, method: string, site: string, origin: string, allowed: boolean][] = [
    ["same-origin allowed", "POST", "same-origin", "", true],
    ["none allowed", "POST", "none", "", true],
    ["cross-site blocked", "POST", "cross-site", "", false],
    ["same-site blocked", "POST", "same-site", "", false],
    ["no header with no origin", "POST", "", "", true],
    ["no header with matching origin", "POST", "", "https://example.com", true],
    ["no header with mismatched origin", "POST", "", "https://attacker.example", false],
    ["no header with null origin", "POST", "", "null", false],
    ["GET allowed", "GET", "cross-site", "", true],
    ["HEAD allowed", "HEAD", "cross-site", "", true],
    ["OPTIONS allowed", "OPTIONS", "cross-site", "", true],
    ["PUT blocked", "PUT", "cross-site", "", false],
  ];
  it.each(secFetchSite)("%s", (_name, method, site, origin, allowed) => {
    expect(check(new CrossOriginProtection(), method, site, origin)).toBe(allowed);
  });

  const trusted: [name: string, origin: string, site: string, allowed: boolean][] = [
    ["trusted origin without sec-fetch-site", "https://trusted.example", "", true],
    ["trusted origin with cross-site", "https://trusted.example", "cross-site", true],
    ["untrusted origin without sec-fetch-site", "https://attacker.example", "", false],
    ["untrusted origin with cross-site", "https://attacker.example", "cross-site", false],
  ];
  it.each(trusted)("%s", (_name, origin, site, allowed) => {
    const protection = new CrossOriginProtection(["https://trusted.example"]);
    expect(check(protection, "POST", site, origin)).toBe(allowed);
  });

  const origins: [name: string, origin: string, valid: boolean][] = [
    ["valid origin", "https://example.com", true],
    ["valid origin with port", "https://example.com:8080", true],
    ["http origin", "http://example.com", true],
    ["missing scheme", "example.com", false],
    ["missing host", "https://", false],
    ["trailing slash", "https://example.com/", false],
    ["with path", "https://example.com/path", false],
    ["with query", "https://example.com?query=value", false],
    ["with fragment", "https://example.com#fragment", false],
    ["invalid url", "https://ex ample.com", false],
    ["empty string", "", false],
    ["null", "null", false],
  ];
  it.each(origins)("trusting %s", (_name, origin, valid) => {
    const make = () => new CrossOriginProtection([origin]);
    if (valid) expect(make).not.toThrow();
    else expect(make).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
  });
});

describe("cross-origin protection: beyond Go's table", () => {
  const cases: [
    name: string,
    method: string,
    site: string | undefined,
    origin: string | undefined,
    allowed: boolean,
  ][] = [
    ["DELETE from another site", "DELETE", "cross-site", undefined, false],
    ["PATCH from a sibling host", "PATCH", undefined, "https://evil.example.com", false],
    ["a method in lower case is not a safe one", "get", "cross-site", undefined, false],
    ["a value that no browser sends", "POST", "SAME-ORIGIN", undefined, false],
    ["two values joined", "POST", "same-origin, cross-site", undefined, false],
    ["the site's header outweighs a matching origin", "POST", "cross-site", "https://example.com", false],
    ["another port is another origin", "POST", undefined, "https://example.com:8443", false],
    ["the host in the user part", "POST", undefined, "https://example.com@attacker.example", false],
    ["the host as a suffix", "POST", undefined, "https://notexample.com", false],
    ["an origin that is no URL", "POST", undefined, "example.com", false],
  ];
  it.each(cases)("%s", (_name, method, secFetchSite, origin, allowed) => {
    const protection = new CrossOriginProtection();
    expect(protection.allows({ method, secFetchSite, origin, host: "example.com" })).toBe(allowed);
  });

  it("refuses an Origin when there is no Host to compare it with", () => {
    const request = {
      method: "POST",
      secFetchSite: undefined,
      origin: "https://example.com",
      host: undefined,
    };
    expect(new CrossOriginProtection().allows(request)).toBe(false);
  });

  it("keeps the trusted origins of two protections apart", () => {
    new CrossOriginProtection(["https://trusted.example"]);
    expect(check(new CrossOriginProtection(), "POST", "", "https://trusted.example")).toBe(false);
  });
});

describe("the readable token", () => {
  const ring = new SecretRing(["a secret of some length"]);
  const tokens = new CsrfTokens(ring);
  const anonymous = { id: "8e7ff9d3-96f5-4c8f-9d1c-0d1f6f5f2b11", authenticatedAt: null };

  it("is stable within a session and fits a cookie and a header", () => {
    expect(tokens.issue(anonymous)).toBe(tokens.issue({ ...anonymous }));
    expect(tokens.issue(anonymous)).toMatch(/^[\w-]{43}$/);
    expect(() => tokens.verify(anonymous, tokens.issue(anonymous))).not.toThrow();
  });

  it("is replaced at login, and the old one dies", () => {
    const loggedIn = { ...anonymous, authenticatedAt: 1_750_000_000_000 };
    expect(tokens.issue(loggedIn)).not.toBe(tokens.issue(anonymous));
    expect(() => tokens.verify(loggedIn, tokens.issue(anonymous))).toThrow(code("CSRF_INVALID"));
  });

  it("belongs to one session", () => {
    const other = { ...anonymous, id: "11111111-96f5-4c8f-9d1c-0d1f6f5f2b11" };
    expect(() => tokens.verify(other, tokens.issue(anonymous))).toThrow(code("CSRF_INVALID"));
  });

  it("belongs to the purpose: another signature over the same text does not pass", () => {
    const text = `${anonymous.id}.anonymous`;
    expect(() => tokens.verify(anonymous, ring.sign("csrf", text))).not.toThrow();
    expect(() => tokens.verify(anonymous, ring.sign("visitor", text))).toThrow(code("CSRF_INVALID"));
  });

  it("made under an older secret of the ring still passes; under a dropped one it does not", () => {
    const token = tokens.issue(anonymous);
    const rotated = new CsrfTokens(new SecretRing(["a newer secret, longer", "a secret of some length"]));
    const dropped = new CsrfTokens(new SecretRing(["a newer secret, longer"]));
    expect(() => rotated.verify(anonymous, token)).not.toThrow();
    expect(() => dropped.verify(anonymous, token)).toThrow(code("CSRF_INVALID"));
  });

  it.each([undefined, ""])("missing as %j", (token) => {
    expect(() => tokens.verify(anonymous, token)).toThrow(code("CSRF_MISSING"));
  });

  it.each(["x", "é".repeat(43), "A".repeat(43), "x".repeat(1_000_000)])("%.20s is invalid", (token) => {
    expect(() => tokens.verify(anonymous, token)).toThrow(code("CSRF_INVALID"));
  });
});

/** As Go's tests do: an empty string stands for an absent header, and the request goes to example.com. */
function check(protection: CrossOriginProtection, method: string, site: string, origin: string): boolean {
  return protection.allows({
    method,
    secFetchSite: site || undefined,
    origin: origin || undefined,
    host: "example.com",
  });
}

function code(value: string) {
  return expect.objectContaining({ code: value });
}
