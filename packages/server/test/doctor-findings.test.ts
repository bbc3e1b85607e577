import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { examine } from "../src/doctor/examine.ts";
import { isPublicSuffix, isSameSite } from "../src/doctor/site.ts";
import { cookieSetter, findingCodes, PRIVATE_HEADERS, Sites, VALID_COOKIE } from "./doctor-fixtures.ts";

const sites = Sites.use();

test("a correct cookie has no findings", async () => {
  expect(await findingCodes(await sites.startHttp(cookieSetter(VALID_COOKIE)))).toEqual([]);
});

describe("a cookie", () => {
  const long = "x".repeat(5000);
  test.each<[name: string, cookies: string | string[], found: string[]]>([
    ["with Secure on http", `${VALID_COOKIE}; Secure`, ["secure-on-http"]],
    ["with SameSite=None without Secure", "sid=1; Path=/; HttpOnly; SameSite=None", ["none-not-secure"]],
    ["with Partitioned without Secure", `${VALID_COOKIE}; Partitioned`, ["partitioned-not-secure"]],
    [
      "with __Host- and a Domain",
      `__Host-${VALID_COOKIE}; Secure; Domain=localhost`,
      ["secure-on-http", "host-prefix-domain"],
    ],
    [
      "with __Host- and a narrow Path",
      "__Host-sid=1; Path=/a; HttpOnly; Secure",
      ["secure-on-http", "host-prefix-path", "narrow-path"],
    ],
    ["with __Host- without Secure", `__Host-${VALID_COOKIE}`, ["prefix-not-secure"]],
    ["with __Secure- without Secure", `__Secure-${VALID_COOKIE}`, ["prefix-not-secure"]],
    ["with the Domain of another host", `${VALID_COOKIE}; Domain=example.com`, ["foreign-domain"]],
    ["with a narrow Path", "sid=1; Path=/shop; HttpOnly", ["narrow-path"]],
    ["of more than 4096 bytes", `sid=${long}; Path=/; HttpOnly`, ["too-large"]],
    ["of more than 1024 bytes", `sid=${long.slice(0, 2000)}; Path=/; HttpOnly`, ["large"]],
    [
      "with an attribute of more than 1024 bytes",
      `${VALID_COOKIE}; Path=/${long}`,
      ["narrow-path", "attribute-too-large"],
    ],
    ["without HttpOnly", "sid=1; Path=/", ["readable"]],
    ["that has expired", `${VALID_COOKIE}; Expires=Thu, 01 Jan 2015 00:00:00 GMT`, ["over-at-once"]],
    [
      "with Max-Age and a past Expires",
      `${VALID_COOKIE}; Max-Age=60; Expires=Thu, 01 Jan 2015 00:00:00 GMT`,
      [],
    ],
    ["that is set twice", [VALID_COOKIE, "sid=2; Path=/; HttpOnly"], ["duplicates"]],
    ["that is deleted on another path", [VALID_COOKIE, "sid=; Path=/shop; Max-Age=0"], []],
    ["whose name is not a session's", "theme=dark; Path=/", ["not-set"]],
  ])("%s has the expected findings", async (_name, cookies, found) => {
    expect(await findingCodes(await sites.startHttp(cookieSetter(cookies)))).toEqual(found);
  });

  test("without Path has a finding only if a nested URL sets the cookie", async () => {
    const url = await sites.startHttp(cookieSetter("sid=1; HttpOnly"));
    expect(await findingCodes(url)).toEqual([]);
    expect(await findingCodes(`${url}/api/login`)).toEqual(["no-path"]);
  });

  test("with Secure on http is reported as a hint on localhost, and as a problem elsewhere", async () => {
    const port = await sites.listen(createServer(cookieSetter(`${VALID_COOKIE}; Secure`)), "0.0.0.0");
    const request = { method: "GET" };
    const level = async (host: string) => {
      const url = new URL(`http://${host}:${port}`);
      const { findings } = await examine({ url, frontend: null, cookie: null, request });
      return findings.map((each) => each.level);
    };
    expect(await level("127.0.0.1")).toEqual(["hint"]);
    expect(await level("0.0.0.0")).toEqual(["problem"]);
  });
});

describe("a response", () => {
  test("has the findings `cacheable` and `no-vary` if shared caches may store the response", async () => {
    expect(await findingCodes(await sites.startHttp(cookieSetter(VALID_COOKIE, {})))).toEqual([
      "cacheable",
      "no-vary",
    ]);
    const headers = { "cache-control": "public, max-age=60", vary: "accept, COOKIE" };
    expect(await findingCodes(await sites.startHttp(cookieSetter(VALID_COOKIE, headers)))).toEqual([
      "cacheable",
    ]);
  });

  test.each([
    [-120_000, ["clock"]],
    [120_000, ["clock"]],
    [-30_000, []],
  ])("with a Date header that differs by %i ms has the findings %j", async (offset, found) => {
    const date = new Date(Date.now() + offset).toUTCString();
    expect(
      await findingCodes(await sites.startHttp(cookieSetter(VALID_COOKIE, { ...PRIVATE_HEADERS, date }))),
    ).toEqual(found);
  });

  test("has the finding `not-recognised` if it replaces the cookie that the client has just sent", async () => {
    let count = 0;
    const url = await sites.startHttp((_request, response) => {
      response.writeHead(200, { ...PRIVATE_HEADERS, "set-cookie": `sid=${++count}; Path=/; HttpOnly` }).end();
    });
    expect(await findingCodes(url)).toEqual(["not-recognised"]);
  });

  test("that follows a redirect is also examined (at most six responses)", async () => {
    const url = await sites.startHttp((request, response) => {
      if (request.url !== "/a") response.writeHead(302, { location: request.url === "/" ? "/a" : "/" }).end();
      else
        cookieSetter(VALID_COOKIE, { ...PRIVATE_HEADERS, location: "http://localhost:1/" })(
          request,
          response,
        );
    });
    expect(await findingCodes(url)).toEqual([]);
    const toMail = await sites.startHttp((_request, response) =>
      response.writeHead(302, { location: "mailto:ann" }).end(),
    );
    expect(await findingCodes(toMail)).toEqual(["not-set"]);
    let count = 0;
    const endless = await sites.startHttp((_request, response) =>
      response.writeHead(302, { location: `/${++count}` }).end(),
    );
    const asking = { method: "GET" };
    expect(
      await examine({ url: new URL(endless), frontend: null, cookie: null, request: asking }),
    ).toMatchObject({
      responses: Array(6).fill({ status: 302 }),
    });
  });

  test("may set the cookie and redirect at the same time", async () => {
    const url = await sites.startHttp((request, response) => {
      const isLogin = request.url === "/login" && request.headers.cookie === undefined;
      response
        .writeHead(
          isLogin ? 303 : 200,
          isLogin ? { ...PRIVATE_HEADERS, location: "/", "set-cookie": VALID_COOKIE } : {},
        )
        .end();
    });
    expect(await findingCodes(`${url}/login`, { request: { method: "POST", data: "{}" } })).toEqual([]);
    expect(await findingCodes(`${url}/login`, { cookie: "other" })).toEqual(["not-set"]);
  });
});

describe("a page of another origin", () => {
  const granted = (origin: string) => ({
    ...PRIVATE_HEADERS,
    vary: "Cookie, Origin",
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
  });
  const shop = "https://shop.example";

  test.each<
    [name: string, frontend: string, cookie: string, headers: Record<string, string>, found: string[]]
  >([
    ["without CORS headers", "http://localhost:1", VALID_COOKIE, PRIVATE_HEADERS, ["cors-origin"]],
    [
      "with Access-Control-Allow-Origin: *",
      "http://localhost:1",
      VALID_COOKIE,
      granted("*"),
      ["cors-origin"],
    ],
    ["with its origin allowed", "http://localhost:1", VALID_COOKIE, granted("http://localhost:1"), []],
    ["on another site, with SameSite=Lax", shop, VALID_COOKIE, granted(shop), ["same-site"]],
    ["on another site, without SameSite", shop, "sid=1; Path=/; HttpOnly", granted(shop), ["same-site"]],
    [
      "on another site, with SameSite=None",
      shop,
      "sid=1; Path=/; HttpOnly; Secure; SameSite=None",
      granted(shop),
      ["secure-on-http", "third-party"],
    ],
    [
      "on another site, with Partitioned",
      shop,
      "sid=1; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
      granted(shop),
      ["secure-on-http"],
    ],
  ])("%s has the expected findings", async (_name, frontend, cookie, headers, found) => {
    expect(
      await findingCodes(await sites.startHttp(cookieSetter(cookie, headers)), {
        frontend: new URL(frontend),
      }),
    ).toEqual(found);
  });

  test("has a finding for each missing header and for a missing preflight response", async () => {
    const frontend = new URL("http://localhost:1");
    const { "access-control-allow-credentials": _none, ...bare } = granted(frontend.origin);
    expect(await findingCodes(await sites.startHttp(cookieSetter(VALID_COOKIE, bare)), { frontend })).toEqual(
      ["cors-credentials"],
    );
    const unvaried = { ...granted(frontend.origin), vary: "Cookie" };
    expect(
      await findingCodes(await sites.startHttp(cookieSetter(VALID_COOKIE, unvaried)), { frontend }),
    ).toEqual(["cors-vary"]);
    const url = await sites.startHttp((request, response) => {
      if (request.method === "OPTIONS") response.writeHead(401).end();
      else cookieSetter(VALID_COOKIE, granted(frontend.origin))(request, response);
    });
    expect(await findingCodes(url, { frontend })).toEqual(["cors-origin", "cors-preflight"]);
  });
});

test.each([
  ["https://shop.example.com", "https://api.example.com", true],
  ["https://example.com", "https://www.example.com:8443", true],
  ["http://localhost:3000", "http://localhost:5173", true],
  ["https://example.com", "http://example.com", false],
  ["https://example.com", "https://example.org", false],
  ["https://ann.co.uk", "https://bob.co.uk", false],
  ["https://www.ann.co.uk", "https://ann.co.uk", true],
  ["https://ann.github.io", "https://bob.github.io", false],
  ["http://127.0.0.1", "http://127.0.0.1:81", true],
  ["http://10.0.0.1", "http://10.1.0.1", false],
])("%s and %s are same-site: %s", (left, right, same) => {
  expect(isSameSite(new URL(left), new URL(right))).toBe(same);
});

test.each([
  ["com", true],
  ["co.uk", true],
  ["vercel.app", true],
  ["example.com", false],
  ["example.co.uk", false],
])("%s is a public suffix: %s", (domain, suffix) => {
  expect(isPublicSuffix(domain)).toBe(suffix);
});
