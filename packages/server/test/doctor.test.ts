import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SessionManager } from "coatcheck";
import { coatcheck, sessionOf } from "coatcheck/express";
import { memoryStore } from "coatcheck/store/memory";
import express from "express";
import session from "express-session";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Examination, examine } from "../src/doctor/examine.ts";
import { isPublicSuffix, isSameSite } from "../src/doctor/site.ts";
import { Command, serviceOfThisFile, temporaryFolder } from "./running.ts";

const service = serviceOfThisFile();

let folder: string;
let servers: Server[];

beforeEach(() => {
  folder = temporaryFolder();
  servers = [];
});

afterEach(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true });
});

async function listen(server: Server, host = "127.0.0.1"): Promise<string> {
  servers.push(server);
  server.listen(0, host);
  await once(server, "listening");
  return String((server.address() as AddressInfo).port);
}

/** A site on http that answers so. */
async function site(listener: RequestListener): Promise<string> {
  return `http://localhost:${await listen(createServer(listener), "localhost")}`;
}

/** A site on https, whose certificate the command is told to trust. */
async function encryptedSite(listener: RequestListener): Promise<string> {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...kind, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener);
  return `https://localhost:${await listen(server, "localhost")}`;
}

const PRIVATE = { "cache-control": "private, no-store", vary: "Cookie" };

/** Sets these cookies, unless it is sent one back. */
function sets(
  cookies: string | string[],
  headers: Record<string, string | string[]> = PRIVATE,
): RequestListener {
  return (request, response) => {
    const isNew = request.headers.cookie === undefined;
    response.writeHead(200, isNew ? { ...headers, "set-cookie": cookies } : headers).end();
  };
}

/** The codes of what `examine` finds. */
async function codes(url: string, options: Partial<Examination> = {}): Promise<string[]> {
  const asking = { method: "GET" };
  const { findings } = await examine({ url: new URL(url), frontend: null, cookie: null, asking, ...options });
  return findings.map(({ code }) => code);
}

/** The command; its JSON, where it was asked for it. */
async function doctor(args: readonly string[]) {
  const certificate = join(folder, "cert.pem");
  const trusted = existsSync(certificate) ? { NODE_EXTRA_CA_CERTS: certificate } : undefined;
  const command = new Command(["doctor", ...args], folder, trusted);
  const code = await command.ended();
  const report = args.includes("--json") ? JSON.parse(command.output || "null") : null;
  return { code, output: command.output, errors: command.errors, report };
}

const GOOD = "sid=secret-value; Path=/; HttpOnly; SameSite=Lax";

test("says nothing where nothing is wrong", async () => {
  expect(await codes(await site(sets(GOOD)))).toEqual([]);
});

describe("cookies that a browser drops, or keeps otherwise than meant", () => {
  const long = "x".repeat(5000);
  test.each<[name: string, cookies: string | string[], found: string[]]>([
    ["Secure on http", `${GOOD}; Secure`, ["secure-on-http"]],
    ["SameSite=None in the clear", "sid=1; Path=/; HttpOnly; SameSite=None", ["none-not-secure"]],
    ["Partitioned in the clear", `${GOOD}; Partitioned`, ["partitioned-not-secure"]],
    [
      "__Host- with a Domain",
      `__Host-${GOOD}; Secure; Domain=localhost`,
      ["secure-on-http", "host-prefix-domain"],
    ],
    [
      "__Host- on a path",
      "__Host-sid=1; Path=/a; HttpOnly; Secure",
      ["secure-on-http", "host-prefix-path", "narrow-path"],
    ],
    ["__Host- in the clear", `__Host-${GOOD}`, ["prefix-not-secure"]],
    ["__Secure- in the clear", `__Secure-${GOOD}`, ["prefix-not-secure"]],
    ["another host's Domain", `${GOOD}; Domain=example.com`, ["foreign-domain"]],
    ["a narrow path", "sid=1; Path=/shop; HttpOnly", ["narrow-path"]],
    ["too large", `sid=${long}; Path=/; HttpOnly`, ["too-large"]],
    ["large", `sid=${long.slice(0, 2000)}; Path=/; HttpOnly`, ["large"]],
    ["an attribute too large", `${GOOD}; Path=/${long}`, ["narrow-path", "attribute-too-large"]],
    ["scripts may read it", "sid=1; Path=/", ["readable"]],
    ["over at once", `${GOOD}; Expires=Thu, 01 Jan 2015 00:00:00 GMT`, ["over-at-once"]],
    ["Max-Age outweighs Expires", `${GOOD}; Max-Age=60; Expires=Thu, 01 Jan 2015 00:00:00 GMT`, []],
    ["twice", [GOOD, "sid=2; Path=/; HttpOnly"], ["duplicates"]],
    ["cleared elsewhere", [GOOD, "sid=; Path=/shop; Max-Age=0"], []],
    ["no session's", "theme=dark; Path=/", ["not-set"]],
  ])("%s", async (_name, cookies, found) => {
    expect(await codes(await site(sets(cookies)))).toEqual(found);
  });

  test("no Path, set from a folder", async () => {
    const url = await site(sets("sid=1; HttpOnly"));
    expect(await codes(url)).toEqual([]);
    expect(await codes(`${url}/api/login`)).toEqual(["no-path"]);
  });

  test("a problem off this machine, a hint on it", async () => {
    const port = await listen(createServer(sets(`${GOOD}; Secure`)), "0.0.0.0");
    const asking = { method: "GET" };
    const level = async (host: string) => {
      const url = new URL(`http://${host}:${port}`);
      const { findings } = await examine({ url, frontend: null, cookie: null, asking });
      return findings.map((each) => each.level);
    };
    expect(await level("127.0.0.1")).toEqual(["hint"]);
    expect(await level("0.0.0.0")).toEqual(["problem"]);
  });
});

describe("answers", () => {
  test("that a shared cache may keep", async () => {
    expect(await codes(await site(sets(GOOD, {})))).toEqual(["cacheable", "no-vary"]);
    const headers = { "cache-control": "public, max-age=60", vary: "accept, COOKIE" };
    expect(await codes(await site(sets(GOOD, headers)))).toEqual(["cacheable"]);
  });

  test.each([
    [-120_000, ["clock"]],
    [120_000, ["clock"]],
    [-30_000, []],
  ])("of a clock that is %i ms off", async (offset, found) => {
    const date = new Date(Date.now() + offset).toUTCString();
    expect(await codes(await site(sets(GOOD, { ...PRIVATE, date })))).toEqual(found);
  });

  test("of a server that does not know its own cookie", async () => {
    let count = 0;
    const url = await site((_request, response) => {
      response.writeHead(200, { ...PRIVATE, "set-cookie": `sid=${++count}; Path=/; HttpOnly` }).end();
    });
    expect(await codes(url)).toEqual(["not-recognised"]);
  });

  test("that set the cookie where a redirect leads, and no further", async () => {
    const url = await site((request, response) => {
      if (request.url !== "/a") response.writeHead(302, { location: request.url === "/" ? "/a" : "/" }).end();
      else sets(GOOD, { ...PRIVATE, location: "http://localhost:1/" })(request, response);
    });
    expect(await codes(url)).toEqual([]);
    const astray = await site((_request, response) =>
      response.writeHead(302, { location: "mailto:ann" }).end(),
    );
    expect(await codes(astray)).toEqual(["not-set"]);
    let count = 0;
    const endless = await site((_request, response) =>
      response.writeHead(302, { location: `/${++count}` }).end(),
    );
    const asking = { method: "GET" };
    expect(await examine({ url: new URL(endless), frontend: null, cookie: null, asking })).toMatchObject({
      stops: Array(6).fill({ status: 302 }),
    });
  });

  test("that set the cookie on a redirect", async () => {
    const url = await site((request, response) => {
      const isLogin = request.url === "/login" && request.headers.cookie === undefined;
      response
        .writeHead(isLogin ? 303 : 200, isLogin ? { ...PRIVATE, location: "/", "set-cookie": GOOD } : {})
        .end();
    });
    expect(await codes(`${url}/login`, { asking: { method: "POST", data: "{}" } })).toEqual([]);
    expect(await codes(`${url}/login`, { cookie: "other" })).toEqual(["not-set"]);
  });
});

describe("a page of another origin", () => {
  const granted = (origin: string) => ({
    ...PRIVATE,
    vary: "Cookie, Origin",
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
  });
  const shop = "https://shop.example";

  test.each<
    [name: string, frontend: string, cookie: string, headers: Record<string, string>, found: string[]]
  >([
    ["may not read the answer", "http://localhost:1", GOOD, PRIVATE, ["cors-origin"]],
    ["is not named by *", "http://localhost:1", GOOD, granted("*"), ["cors-origin"]],
    ["may", "http://localhost:1", GOOD, granted("http://localhost:1"), []],
    ["is of another site, and Lax", shop, GOOD, granted(shop), ["same-site"]],
    ["is of another site, and says nothing", shop, "sid=1; Path=/; HttpOnly", granted(shop), ["same-site"]],
    [
      "is of another site, as a third party",
      shop,
      "sid=1; Path=/; HttpOnly; Secure; SameSite=None",
      granted(shop),
      ["secure-on-http", "third-party"],
    ],
    [
      "is of another site, in a jar of its own",
      shop,
      "sid=1; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
      granted(shop),
      ["secure-on-http"],
    ],
  ])("%s", async (_name, frontend, cookie, headers, found) => {
    expect(await codes(await site(sets(cookie, headers)), { frontend: new URL(frontend) })).toEqual(found);
  });

  test("without credentials, without Vary, without a preflight", async () => {
    const frontend = new URL("http://localhost:1");
    const { "access-control-allow-credentials": _none, ...bare } = granted(frontend.origin);
    expect(await codes(await site(sets(GOOD, bare)), { frontend })).toEqual(["cors-credentials"]);
    const unvaried = { ...granted(frontend.origin), vary: "Cookie" };
    expect(await codes(await site(sets(GOOD, unvaried)), { frontend })).toEqual(["cors-vary"]);
    const url = await site((request, response) => {
      if (request.method === "OPTIONS") response.writeHead(401).end();
      else sets(GOOD, granted(frontend.origin))(request, response);
    });
    expect(await codes(url, { frontend })).toEqual(["cors-origin", "cors-preflight"]);
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
])("%s and %s are of one site: %s", (left, right, same) => {
  expect(isSameSite(new URL(left), new URL(right))).toBe(same);
});

test.each([
  ["com", true],
  ["co.uk", true],
  ["vercel.app", true],
  ["example.com", false],
  ["example.co.uk", false],
])("%s is nobody's own: %s", (domain, suffix) => {
  expect(isPublicSuffix(domain)).toBe(suffix);
});

describe("real applications", () => {
  function olderShop(trusts: boolean): RequestListener {
    const app = express().set("trust proxy", trusts);
    app.use(
      session({ secret: "a secret", resave: false, saveUninitialized: true, cookie: { secure: true } }),
    );
    app.get("/", (_request, response) => void response.send("hello"));
    return app;
  }

  test("express-session behind a proxy that is not trusted, and one that is", async () => {
    expect(await codes(await site(olderShop(false)))).toEqual(["not-set"]);
    expect(await codes(await site(olderShop(true)))).toEqual(["only-behind-proxy"]);
  });

  test("a Coatcheck shop is well, on https", async () => {
    const app = express();
    app.use(coatcheck(new SessionManager({ store: memoryStore(), secrets: ["a secret of the shop"] })));
    app.get("/", async (request, response) => {
      (await sessionOf(request).load()).data;
      await (await sessionOf(request).load()).patch({ seen: true });
      response.send("hello");
    });
    const { code, output } = await doctor([await encryptedSite(app)]);
    expect(output).toContain("Nothing is wrong with __Host-sid");
    expect(code).toBe(0);
  });

  test("the service is well, but for https", async () => {
    const args = ["--method", "post", "--data", "{}", "--json"];
    const { code, report } = await doctor([`${service().url}/api/v1/sessions`, ...args]);
    expect(report.findings.filter(({ level }: { level: string }) => level === "problem")).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      session: expect.stringMatching(/sid$/),
      answers: [{ status: 201 }],
    });
    expect(code).toBe(0);
  });
});

describe("on https", () => {
  test("a proxy that is not trusted shows in the cookie, and in redirects", async () => {
    const plain = await encryptedSite(sets(GOOD));
    expect((await doctor([plain, "--json"])).report.findings).toMatchObject([{ code: "not-secure" }]);
    const url = await encryptedSite((request, response) => {
      const location = request.url === "/self" ? "/self" : `http://${request.headers.host}/`;
      response.writeHead(302, { location }).end();
    });
    for (const path of ["/self", "/plain"]) {
      const { report } = await doctor([`${url}${path}`, "--json"]);
      expect(report.findings.map(({ code }: { code: string }) => code)).toEqual([
        "proxy-not-trusted",
        "not-set",
      ]);
    }
  });
});

describe("the command", () => {
  test("tells each finding with what to do, no value of a cookie, and exits with 1", async () => {
    const { code, output } = await doctor([await site(sets("sid=secret-value; Domain=example.com"))]);
    expect(code).toBe(1);
    expect(output).toMatch(/200 {2}http:\/\/localhost:\d+\/ {2}sets sid/);
    expect(output).toMatch(
      /problem {2}foreign-domain\n {2}sid is for example\.com.*\n {2}→ Leave Domain away/,
    );
    expect(output).not.toContain("secret-value");
  });

  test("--json is for programs, without values too", async () => {
    const { code, output, report } = await doctor([await site(sets("sid=secret-value; Path=/")), "--json"]);
    expect(report).toMatchObject({
      ok: true,
      session: "sid",
      findings: [{ level: "hint", code: "readable" }],
    });
    expect(output).not.toContain("secret-value");
    expect(code).toBe(0);
  });

  test("--help", async () => {
    const { output } = await doctor(["--help"]);
    for (const option of ["<url>", "--frontend", "--cookie", "--method", "--data", "--json"]) {
      expect(output).toContain(option);
    }
  });

  test.each([
    [["shop.example"], /^coatcheck: The URL must be such as https:/],
    [["file:///etc/passwd"], /^coatcheck: The URL must be such as https:/],
    [["http://localhost:8000/", "--frontend", "x"], /^coatcheck: --frontend must be such as https:/],
  ])("%j is turned away in a line", async (args, said) => {
    const { code, errors, output } = await doctor(args);
    expect([code, output]).toEqual([1, ""]);
    expect(errors).toMatch(said);
  });

  test("where nobody listens", async () => {
    const port = await listen(createServer());
    servers[0]?.close();
    const { code, errors } = await doctor([`http://127.0.0.1:${port}/`]);
    expect(code).toBe(1);
    expect(errors).toBe(`coatcheck: http://127.0.0.1:${port} cannot be asked: ECONNREFUSED.\n`);
  });
});
