import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

type RequestHeaders = Readonly<Record<string, string>>;

let warnings: string[];
beforeEach(() => {
  warnings = [];
  vi.resetModules();
  vi.spyOn(process, "emitWarning").mockImplementation((warning: string | Error) => {
    warnings.push(String(warning));
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Resets the warnings of this process, and logs in once with the headers of each of `requests`. */
async function logInRepeatedly(options: object, requests: readonly RequestHeaders[]): Promise<void> {
  const { coatcheck } = await import("../../src/http/node/adapter.ts");
  const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
  const server = createServer(
    coatcheck(
      manager,
      options,
    )(async (request, response) => {
      await (await request.session.load()).authenticate("ada");
      response.end();
    }),
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const headers of requests) {
    const [response] = await once(
      send({ port, host: "127.0.0.1", method: "POST", headers }).end(),
      "response",
    );
    expect(response.statusCode).toBe(200);
    await once(response.resume(), "end");
  }
  server.close();
}

it("a Secure cookie over plain http causes one warning, which names the host and the option to set", async () => {
  await logInRepeatedly({}, [{ host: "192.168.1.5:3000" }, { host: "shop.example" }]);
  expect(warnings).toEqual([
    expect.stringContaining("http://192.168.1.5:3000: it is Secure; set cookie: { secure: false }"),
  ]);
});

it("a cookie whose domain does not belong to the host causes a warning", async () => {
  const cookie = { prefix: "__Secure-", domain: "shop.example" };
  await logInRepeatedly({ cookie }, [{ host: "shop.example.net" }]);
  expect(warnings).toEqual([
    expect.stringContaining(
      "from http://shop.example.net: its domain is shop.example; use that host, or omit",
    ),
  ]);
});

it.each<[string, object, RequestHeaders]>([
  [
    "the cookie's domain",
    { cookie: { secure: false, domain: "shop.example" } },
    { host: "Shop.example:3000" },
  ],
  [
    "a host below the cookie's domain",
    { cookie: { secure: false, domain: "shop.example" } },
    { host: "a.shop.example" },
  ],
  [
    "a proxy that reports the host",
    { cookie: { secure: false, domain: "shop.example" } },
    { host: "127.0.0.1:3000", "x-forwarded-host": "shop.example" },
  ],
  ["localhost", {}, { host: "localhost:3000" }],
  ["a name below localhost", {}, { host: "shop.localhost" }],
  ["a loopback address", {}, { host: "127.0.0.1:3000" }],
  ["a proxy that reports its protocol", {}, { host: "shop.example", "x-forwarded-proto": "https" }],
  ["a trusted https proxy", { trustProxy: 1 }, { host: "shop.example", "x-forwarded-proto": "https" }],
  ["a cookie that is not Secure", { cookie: { secure: false } }, { host: "shop.example" }],
])("%s causes no warning", async (_name, options, headers) => {
  await logInRepeatedly(options, [headers]);
  expect(warnings).toEqual([]);
});

it("a cookie that the browser drops causes no warning in production", async () => {
  vi.stubEnv("NODE_ENV", "production");
  await logInRepeatedly({}, [{ host: "shop.example" }]);
  expect(warnings).toEqual([]);
});
