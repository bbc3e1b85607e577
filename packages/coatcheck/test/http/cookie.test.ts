import { describe, expect, it } from "vitest";
import { Cookie, type CookieOptions, cookieValues, MAX_COOKIE_AGE } from "../../src/http/cookie.ts";
import { CoatcheckError } from "../../src/session/errors.ts";

const TOKEN = "A".repeat(50);

describe("cookieValues()", () => {
  const cases: [title: string, header: string, values: string[]][] = [
    ["finds a cookie that is alone", "__Host-sid=a", ["a"]],
    ["finds a cookie between others", "x=1; __Host-sid=a; y=2", ["a"]],
    ["accepts a missing space after ;", "x=1;__Host-sid=a;y=2", ["a"]],
    ["trims SP and HTAB", "x=1;\t __Host-sid= a\t ; y=2", ["a"]],
    ["returns all duplicates in order", "__Host-sid=a; x=1; __Host-sid=b; __Host-sid=a", ["a", "b", "a"]],
    ["returns an empty value", "__Host-sid=; x=1", [""]],
    ["keeps an = in the value", "__Host-sid=a=b", ["a=b"]],
    ["returns nothing when the cookie is absent", "x=1; y=2", []],
    ["returns nothing for an empty header", "", []],
    ["ignores the name in another cookie's value", "x=__Host-sid; y=__Host-sid=a", []],
    ["ignores a longer name that contains it", "my__Host-sid=a; __Host-sid2=b", []],
    ["ignores the name without =", "__Host-sid; x=1", []],
    ["ignores the name with a blank before =", "__Host-sid =a", []],
    ["ignores a nameless cookie", "=__Host-sid=a", []],
    ["ignores a nameless cookie after another", "x=1; =__Host-sid=a", []],
    ["ignores a name after a no-break space", "x=1; \u00a0__Host-sid=a", []],
    ["ignores a name after an en quad", "\u2000__Host-sid=a", []],
    ["keeps a no-break space after the value", "__Host-sid=a\u00a0", ["a\u00a0"]],
    ["ignores a name after a line feed", "x=1;\n__Host-sid=a", []],
    ["compares names case-sensitively", "__host-sid=a", []],
    ["keeps quotes around the value", '__Host-sid="a"', ['"a"']],
    ["splits at a ; in quotes", 'x="; __Host-sid=a; y="', ["a"]],
    ["does not split at a comma", "x=1, __Host-sid=a", []],
  ];
  it.each(cases)("parses a Cookie header: %s", (_title, header, values) => {
    expect(cookieValues(header, "__Host-sid")).toEqual(values);
  });

  it("reads a long malicious header in linear time", () => {
    const header = `${"__Host-sid;".repeat(100_000)}__Host-sid=a`;
    const began = performance.now();
    expect(cookieValues(header, "__Host-sid")).toEqual(["a"]);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it("returns the same empty list whether the header or only the cookie is missing", () => {
    const cookie = new Cookie();
    expect(cookie.read(undefined)).toEqual([]);
    expect(cookie.read("x=1")).toBe(cookie.read(undefined));
  });
});

describe("Cookie", () => {
  const cases: [options: CookieOptions, header: string][] = [
    [{}, `__Host-sid=${TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax`],
    [{ name: "shop", sameSite: "strict" }, `__Host-shop=${TOKEN}; Path=/; HttpOnly; Secure; SameSite=Strict`],
    [
      { sameSite: "none", partitioned: true },
      `__Host-sid=${TOKEN}; Path=/; HttpOnly; Secure; Partitioned; SameSite=None`,
    ],
    [
      { prefix: "__Secure-", domain: "example.com", path: "/shop" },
      `__Secure-sid=${TOKEN}; Domain=example.com; Path=/shop; HttpOnly; Secure; SameSite=Lax`,
    ],
    [{ secure: false }, `sid=${TOKEN}; Path=/; HttpOnly; SameSite=Lax`],
  ];
  it.each(cases)("set() with the options %o returns the cookie %s", (options, header) => {
    expect(new Cookie(options).set(TOKEN)).toBe(header);
  });

  it("set() omits HttpOnly from a cookie that scripts must read", () => {
    expect(new Cookie({ name: "csrf_token" }, "scripts").set("x")).not.toContain("HttpOnly");
  });

  it("clear() returns the attributes of set(), with Max-Age=0 and an Expires date in the past", () => {
    expect(new Cookie().clear()).toBe(
      "__Host-sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
    );
  });

  it.each([
    [60, 60],
    [59.9, 59],
    [-5, 0],
    [500 * 86_400, MAX_COOKIE_AGE],
  ])("set() converts a maxAge of %d seconds to Max-Age=%d", (maxAge, expected) => {
    expect(new Cookie().set("x", maxAge)).toContain(`; Max-Age=${expected};`);
  });

  it.each(["a;b", "a b", "a\r\nSet-Cookie: x=1", "a,b", 'a"b', "a\\b", "a\u0000", "é", "x".repeat(4087)])(
    "set() rejects the value %j",
    (value) => {
      expect(() => new Cookie().set(value)).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
    },
  );

  it("set() accepts a name and value of exactly 4096 bytes", () => {
    expect(new Cookie().set("x".repeat(4086))).toContain("__Host-sid=x");
  });
});

describe("Cookie with untyped options", () => {
  const cases: [title: string, options: object, path: string][] = [
    ["a ; in the name", { name: "a;b" }, "name"],
    ["an = in the name", { name: "a=b" }, "name"],
    ["an empty name", { name: "" }, "name"],
    ["a line break in the name", { name: "a\r\n" }, "name"],
    ["a prefix in the name", { name: "__Host-sid" }, "name"],
    ["a lower-case prefix in the name", { name: "__host-sid" }, "name"],
    ["a prefix in the name without Secure", { name: "__Secure-sid", secure: false }, "name"],
    ["the prefix __Http- in the name", { name: "__Http-sid" }, "name"],
    ["a domain with __Host-", { domain: "example.com" }, "domain"],
    ["a path with __Host-", { path: "/shop" }, "path"],
    ["__Host- without Secure", { prefix: "__Host-", secure: false }, "prefix"],
    ["an unknown prefix", { prefix: "__host-" }, "prefix"],
    ["another attribute in the path", { prefix: "__Secure-", path: "/; Domain=evil.example" }, "path"],
    ["a line break in the path", { prefix: "__Secure-", path: "/\r\nX: y" }, "path"],
    ["a relative path", { prefix: "__Secure-", path: "shop" }, "path"],
    ["a path too long for browsers", { prefix: "__Secure-", path: `/${"x".repeat(1024)}` }, "path"],
    ["another attribute in the domain", { prefix: "__Secure-", domain: "a.example; Path=/" }, "domain"],
    ["a top-level domain", { prefix: "__Secure-", domain: "com" }, "domain"],
    ["a domain with a leading dot", { prefix: "__Secure-", domain: ".example.com" }, "domain"],
    ["a domain that is not a string", { prefix: "__Secure-", domain: 7 }, "domain"],
    ["SameSite=None without Secure", { secure: false, sameSite: "none" }, "sameSite"],
    ["another attribute in SameSite", { sameSite: "lax; Domain=evil.example" }, "sameSite"],
    ["SameSite in capitals", { sameSite: "Lax" }, "sameSite"],
    ["Partitioned without Secure", { secure: false, partitioned: true }, "partitioned"],
  ];
  it.each(cases)("rejects %s", (_title, options, path) => {
    try {
      new Cookie(options as CookieOptions);
      expect.unreachable("the options were accepted");
    } catch (error) {
      expect(error).toBeInstanceOf(CoatcheckError);
      expect((error as CoatcheckError).code).toBe("VALIDATION_FAILED");
      const [fault] = (error as CoatcheckError).faults;
      expect((error as CoatcheckError).message).toBe(
        `Invalid cookie options: ${fault?.path} ${fault?.message}.`,
      );
      expect((error as CoatcheckError).faults.map((fault) => fault.path)).toContain(path);
    }
  });
});

describe("Cookie.clearDuplicates()", () => {
  const cookie = new Cookie({ secure: false });

  it("clears the cookies of the parent domains and the parent paths of the request", () => {
    const locations = cookie.clearDuplicates("a.shop.example:8080", "/x/y?z").map((line) => {
      const [, domain = "-"] = /Domain=([^;]*)/.exec(line) ?? [];
      const [, path = "-"] = /Path=([^;]*)/.exec(line) ?? [];
      return `${domain} ${path}`;
    });
    expect(locations).toEqual(["a.shop.example /", "shop.example /", "- /x", "- /x/y"]);
  });

  it("needs linear time for a very long host, and for a path with many segments", () => {
    const began = performance.now();
    const locations = cookie.clearDuplicates("a.".repeat(40_000), "/a".repeat(40_000));
    expect(locations.length).toBeLessThan(10);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
