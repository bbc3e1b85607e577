import { describe, expect, it } from "vitest";
import { Cookie, type CookieOptions, cookieValues, MAX_COOKIE_AGE } from "../../src/http/cookie.ts";
import { CoatcheckError } from "../../src/session/errors.ts";

const TOKEN = "A".repeat(50);

describe("reading one cookie", () => {
  const cases: [why: string, header: string, values: string[]][] = [
    ["alone", "__Host-sid=a", ["a"]],
    ["between others", "x=1; __Host-sid=a; y=2", ["a"]],
    ["without the space after ;", "x=1;__Host-sid=a;y=2", ["a"]],
    ["SP and HTAB around it", "x=1;\t __Host-sid= a\t ; y=2", ["a"]],
    ["every duplicate, in order", "__Host-sid=a; x=1; __Host-sid=b; __Host-sid=a", ["a", "b", "a"]],
    ["empty value", "__Host-sid=; x=1", [""]],
    ["an = inside the value", "__Host-sid=a=b", ["a=b"]],
    ["absent", "x=1; y=2", []],
    ["empty header", "", []],
    ["name as another's value", "x=__Host-sid; y=__Host-sid=a", []],
    ["name inside a longer one", "my__Host-sid=a; __Host-sid2=b", []],
    ["name without =", "__Host-sid; x=1", []],
    ["blank before the =", "__Host-sid =a", []],
    ["nameless cookie", "=__Host-sid=a", []],
    ["nameless cookie after another", "x=1; =__Host-sid=a", []],
    ["no-break space before the name", "x=1; \u00a0__Host-sid=a", []],
    ["en quad before the name", "\u2000__Host-sid=a", []],
    ["no-break space after the value stays", "__Host-sid=a\u00a0", ["a\u00a0"]],
    ["line feed before the name", "x=1;\n__Host-sid=a", []],
    ["another case", "__host-sid=a", []],
    ["quotes do not come off", '__Host-sid="a"', ['"a"']],
    ["quotes hide no ;", 'x="; __Host-sid=a; y="', ["a"]],
    ["comma separates nothing", "x=1, __Host-sid=a", []],
  ];
  it.each(cases)("%s", (_why, header, values) => {
    expect(cookieValues(header, "__Host-sid")).toEqual(values);
  });

  it("takes a long hostile header in linear time", () => {
    const header = `${"__Host-sid;".repeat(100_000)}__Host-sid=a`;
    const began = performance.now();
    expect(cookieValues(header, "__Host-sid")).toEqual(["a"]);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it("answers the same empty list for no header and no cookie", () => {
    const cookie = new Cookie();
    expect(cookie.read(undefined)).toEqual([]);
    expect(cookie.read("x=1")).toBe(cookie.read(undefined));
  });
});

describe("setting a cookie", () => {
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
  it.each(cases)("%o", (options, header) => {
    expect(new Cookie(options).set(TOKEN)).toBe(header);
  });

  it("leaves a cookie for scripts readable", () => {
    expect(new Cookie({ name: "csrf_token" }, "scripts").set("x")).not.toContain("HttpOnly");
  });

  it("clears with the same attributes, in both notations", () => {
    expect(new Cookie().clear()).toBe(
      "__Host-sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
    );
  });

  it.each([
    [60, 60],
    [59.9, 59],
    [-5, 0],
    [500 * 86_400, MAX_COOKIE_AGE],
  ])("lasts %d seconds as %d", (asked, lasts) => {
    expect(new Cookie().set("x", asked)).toContain(`; Max-Age=${lasts};`);
  });

  it.each(["a;b", "a b", "a\r\nSet-Cookie: x=1", "a,b", 'a"b', "a\\b", "a\u0000", "é", "x".repeat(4087)])(
    "refuses the value %j",
    (value) => {
      expect(() => new Cookie().set(value)).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
    },
  );

  it("takes a pair of exactly 4096 bytes", () => {
    expect(new Cookie().set("x".repeat(4086))).toContain("__Host-sid=x");
  });
});

describe("options from outside the type system", () => {
  const cases: [why: string, options: object, path: string][] = [
    ["; in the name", { name: "a;b" }, "name"],
    ["= in the name", { name: "a=b" }, "name"],
    ["no name", { name: "" }, "name"],
    ["line break in the name", { name: "a\r\n" }, "name"],
    ["prefix in the name", { name: "__Host-sid" }, "name"],
    ["prefix in the name, lower case", { name: "__host-sid" }, "name"],
    ["prefix in the name, not secure", { name: "__Secure-sid", secure: false }, "name"],
    ["newer prefix in the name", { name: "__Http-sid" }, "name"],
    ["domain under __Host-", { domain: "example.com" }, "domain"],
    ["path under __Host-", { path: "/shop" }, "path"],
    ["__Host- not secure", { prefix: "__Host-", secure: false }, "prefix"],
    ["unknown prefix", { prefix: "__host-" }, "prefix"],
    ["attribute in the path", { prefix: "__Secure-", path: "/; Domain=evil.example" }, "path"],
    ["line break in the path", { prefix: "__Secure-", path: "/\r\nX: y" }, "path"],
    ["relative path", { prefix: "__Secure-", path: "shop" }, "path"],
    ["path that browsers ignore", { prefix: "__Secure-", path: `/${"x".repeat(1024)}` }, "path"],
    ["attribute in the domain", { prefix: "__Secure-", domain: "a.example; Path=/" }, "domain"],
    ["domain of the wrong type", { prefix: "__Secure-", domain: 7 }, "domain"],
    ["SameSite=None not secure", { secure: false, sameSite: "none" }, "sameSite"],
    ["attribute in SameSite", { sameSite: "lax; Domain=evil.example" }, "sameSite"],
    ["SameSite in capitals", { sameSite: "Lax" }, "sameSite"],
    ["partitioned not secure", { secure: false, partitioned: true }, "partitioned"],
  ];
  it.each(cases)("%s", (_why, options, path) => {
    try {
      new Cookie(options as CookieOptions);
      expect.unreachable("the options were taken");
    } catch (error) {
      expect(error).toBeInstanceOf(CoatcheckError);
      expect((error as CoatcheckError).code).toBe("VALIDATION_FAILED");
      expect((error as CoatcheckError).faults.map((fault) => fault.path)).toContain(path);
    }
  });
});

describe("clearing duplicates", () => {
  const cookie = new Cookie({ secure: false });

  it("names parent domains and the paths above what is asked for", () => {
    const places = cookie.clearElsewhere("a.shop.example:8080", "/x/y?z").map((line) => {
      const [, domain = "-"] = /Domain=([^;]*)/.exec(line) ?? [];
      const [, path = "-"] = /Path=([^;]*)/.exec(line) ?? [];
      return `${domain} ${path}`;
    });
    expect(places).toEqual(["a.shop.example /", "shop.example /", "- /x", "- /x/y"]);
  });

  it("takes no time over a host or a path that is nothing but dots and slashes", () => {
    const began = performance.now();
    const places = cookie.clearElsewhere("a.".repeat(40_000), "/a".repeat(40_000));
    expect(places.length).toBeLessThan(10);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
