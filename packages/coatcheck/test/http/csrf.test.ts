import { describe, expect, it } from "vitest";
import { CrossOriginProtection, CsrfTokens } from "../../src/http/csrf.ts";
import { SecretRing } from "../../src/session/token.ts";

describe("CrossOriginProtection, cases of Go 1.25 net/http", () => {
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
  it.each(secFetchSite)(
    "allows or blocks a request by Sec-Fetch-Site and Origin: %s",
    (_name, method, site, origin, allowed) => {
      expect(isAllowed(new CrossOriginProtection(), method, site, origin)).toBe(allowed);
    },
  );

  it.each([
    ["https://example.com", undefined, true],
    ["https://attacker.example", undefined, false],
    ["https://attacker.example", "cross-site", false],
    ["https://sibling.example.com", "same-site", false],
    [undefined, "same-origin", true],
    [undefined, undefined, true],
  ])(
    "checks a WebSocket handshake from %s (Sec-Fetch-Site: %s) like a write",
    (origin, secFetchSite, allowed) => {
      const request = { method: "GET", upgrade: "websocket", host: "example.com", origin, secFetchSite };
      expect(new CrossOriginProtection().allows(request)).toBe(allowed);
    },
  );

  const trusted: [name: string, origin: string, site: string, allowed: boolean][] = [
    ["trusted origin without sec-fetch-site", "https://trusted.example", "", true],
    ["trusted origin with cross-site", "https://trusted.example", "cross-site", true],
    ["untrusted origin without sec-fetch-site", "https://attacker.example", "", false],
    ["untrusted origin with cross-site", "https://attacker.example", "cross-site", false],
  ];
  it.each(trusted)("allows only requests from a trusted origin: %s", (_name, origin, site, allowed) => {
    const protection = new CrossOriginProtection(["https://trusted.example"]);
    expect(isAllowed(protection, "POST", site, origin)).toBe(allowed);
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
    ["Capacitor on iOS", "capacitor://localhost", true],
    ["Tauri", "tauri://localhost", true],
    ["a browser extension", "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb", true],
    ["an app origin with a path", "capacitor://localhost/", false],
    ["upper case", "HTTPS://example.com", false],
    ["default port", "https://example.com:443", false],
    ["user name", "https://user@example.com", false],
    ["a file", "file:///index.html", false],
  ];
  it.each(origins)("validates a trusted origin: %s", (_name, origin, valid) => {
    const make = () => new CrossOriginProtection([origin]);
    if (valid) expect(make).not.toThrow();
    else expect(make).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
  });
});

describe("CrossOriginProtection, further cases", () => {
  const cases: [
    name: string,
    method: string,
    site: string | undefined,
    origin: string | undefined,
    allowed: boolean,
  ][] = [
    ["DELETE from another site", "DELETE", "cross-site", undefined, false],
    ["PATCH from a sibling host", "PATCH", undefined, "https://evil.example.com", false],
    ["lower-case get from another site", "get", "cross-site", undefined, false],
    ["an unknown Sec-Fetch-Site value", "POST", "SAME-ORIGIN", undefined, false],
    ["two joined Sec-Fetch-Site values", "POST", "same-origin, cross-site", undefined, false],
    ["cross-site, although the origin matches", "POST", "cross-site", "https://example.com", false],
    ["from another port", "POST", undefined, "https://example.com:8443", false],
    [
      "from an origin with the host as user name",
      "POST",
      undefined,
      "https://example.com@attacker.example",
      false,
    ],
    ["from an origin that ends with the host", "POST", undefined, "https://notexample.com", false],
    ["from an origin without a scheme", "POST", undefined, "example.com", false],
  ];
  it.each(cases)("blocks a request: %s", (_name, method, secFetchSite, origin, allowed) => {
    const protection = new CrossOriginProtection();
    expect(protection.allows({ method, secFetchSite, origin, host: "example.com" })).toBe(allowed);
  });

  it("rejects a request with Origin but without Host", () => {
    const request = {
      method: "POST",
      secFetchSite: undefined,
      origin: "https://example.com",
      host: undefined,
    };
    expect(new CrossOriginProtection().allows(request)).toBe(false);
  });

  it.each([
    ["*", 'trustedOrigins.0 must not be "*", which would let every site'],
    ["null", 'trustedOrigins.0 must not be "null", which sandboxed frames of every site send'],
    ["https://*.example.com", "trustedOrigins.0 must not contain a wildcard"],
    ["https://example.com/pay?x=1", 'without a path: "https://example.com"'],
    [7 as unknown as string, "trustedOrigins.0 must be scheme://host[:port]"],
  ])("explains why the trusted origin %s is rejected", (origin, reason) => {
    expect(() => new CrossOriginProtection([origin])).toThrow(reason);
  });

  it("rejects trusted origins that are not a list", () => {
    expect(() => new CrossOriginProtection("https://a.example" as never)).toThrow("must be a list");
  });

  it("compares an app's origin, such as capacitor://localhost, with the trusted origins and never with the host", () => {
    const request = {
      method: "POST",
      secFetchSite: undefined,
      origin: "capacitor://localhost",
      host: "localhost",
    };
    expect(new CrossOriginProtection().allows(request)).toBe(false);
    expect(new CrossOriginProtection(["capacitor://localhost"]).allows(request)).toBe(true);
    expect(new CrossOriginProtection(["ionic://localhost"]).allows(request)).toBe(false);
  });

  it("does not share trusted origins between instances", () => {
    new CrossOriginProtection(["https://trusted.example"]);
    expect(isAllowed(new CrossOriginProtection(), "POST", "", "https://trusted.example")).toBe(false);
  });
});

describe("CsrfTokens", () => {
  const ring = new SecretRing(["a secret of some length"]);
  const tokens = new CsrfTokens(ring);
  const anonymous = { id: "8e7ff9d3-96f5-4c8f-9d1c-0d1f6f5f2b11", subject: null };

  it("issues the same token for the same session, as 43 characters of base64url", () => {
    expect(tokens.issue(anonymous)).toBe(tokens.issue({ ...anonymous }));
    expect(tokens.issue(anonymous)).toMatch(/^[\w-]{43}$/);
    expect(() => tokens.verify(anonymous, tokens.issue(anonymous))).not.toThrow();
  });

  it("issues a new token after a login, and then rejects the former token", () => {
    const loggedIn = { ...anonymous, subject: "anonymous" };
    expect(tokens.issue(loggedIn)).not.toBe(tokens.issue(anonymous));
    expect(() => tokens.verify(loggedIn, tokens.issue(anonymous))).toThrow(errorWithCode("CSRF_INVALID"));
  });

  it("rejects the token of another session", () => {
    const other = { ...anonymous, id: "11111111-96f5-4c8f-9d1c-0d1f6f5f2b11" };
    expect(() => tokens.verify(other, tokens.issue(anonymous))).toThrow(errorWithCode("CSRF_INVALID"));
  });

  it("accepts a visitor's token for any anonymous session, if the request is same-origin", () => {
    const other = { ...anonymous, id: "11111111-96f5-4c8f-9d1c-0d1f6f5f2b11" };
    const token = tokens.issueForVisitor(other.id);
    expect(() => tokens.verify(other, token)).not.toThrow();
    expect(() => tokens.verify(anonymous, token, true)).not.toThrow();
    const rejected: [
      session: typeof anonymous | { id: string; subject: string },
      token: string,
      isSameOrigin: boolean,
    ][] = [
      [anonymous, token, false],
      [{ ...anonymous, subject: "ada" }, token, true],
      [{ ...other, subject: "ada" }, token, true],
      [anonymous, `${token}x`, true],
      [anonymous, token.replace(other.id, anonymous.id), true],
      [anonymous, `${other.id}.${ring.sign("csrf", other.id)}`, true],
      [anonymous, `.${ring.sign("csrf-visitor", "x")}`, true],
    ];
    for (const [session, sent, isSameOrigin] of rejected)
      expect(() => tokens.verify(session, sent, isSameOrigin)).toThrow(errorWithCode("CSRF_INVALID"));
  });

  it("rejects a token whose signature was made for another purpose", () => {
    const text = anonymous.id;
    expect(() => tokens.verify(anonymous, ring.sign("csrf", text))).not.toThrow();
    expect(() => tokens.verify(anonymous, ring.sign("visitor", text))).toThrow(errorWithCode("CSRF_INVALID"));
  });

  it("accepts a token that an older secret signed, and rejects a token that a removed secret signed", () => {
    const token = tokens.issue(anonymous);
    const rotated = new CsrfTokens(new SecretRing(["a newer secret, longer", "a secret of some length"]));
    const dropped = new CsrfTokens(new SecretRing(["a newer secret, longer"]));
    expect(() => rotated.verify(anonymous, token)).not.toThrow();
    expect(() => dropped.verify(anonymous, token)).toThrow(errorWithCode("CSRF_INVALID"));
  });

  it.each([undefined, ""])("throws CSRF_MISSING for %j", (token) => {
    expect(() => tokens.verify(anonymous, token)).toThrow(errorWithCode("CSRF_MISSING"));
  });

  it.each(["x", "é".repeat(43), "A".repeat(43), "x".repeat(1_000_000)])(
    "throws CSRF_INVALID for %.20s",
    (token) => {
      expect(() => tokens.verify(anonymous, token)).toThrow(errorWithCode("CSRF_INVALID"));
    },
  );
});

/** Sends a request to the host example.com. As in Go's tests, an empty string means that the header is absent. */
function isAllowed(protection: CrossOriginProtection, method: string, site: string, origin: string): boolean {
  return protection.allows({
    method,
    secFetchSite: site || undefined,
    origin: origin || undefined,
    host: "example.com",
  });
}

function errorWithCode(value: string) {
  return expect.objectContaining({ code: value });
}
