import { expect, test } from "vitest";
import { Jar, mergeCookies } from "../../src/gateway/jar.ts";
import { connectUpstream, createMemoryState, sendJson, startServer } from "./fixtures.ts";

const SHOP_URL = new URL("http://shop.example/cart/tacos");

function parseSetCookies(...headers: string[]) {
  const jar = new Jar([]);
  jar.setFromHeaders(headers, SHOP_URL);
  return jar.cookies();
}

test("request() keeps the cookies of each session separate and returns no Set-Cookie header", async () => {
  const server = await startServer((_request, response, { path, cookie }) =>
    sendJson(
      response,
      { cookie },
      path === "/in" ? { "set-cookie": [`who=${crypto.randomUUID()}; HttpOnly`, "b=2"] } : {},
    ),
  );
  const upstream = connectUpstream(server.origin);
  const [alice, bob] = [createMemoryState(), createMemoryState()];
  for (const state of [alice, bob]) {
    const response = await upstream.request(state, { method: "GET", path: "/in" });
    expect([...response.headers.keys()]).not.toContain("set-cookie");
  }
  const [first, second] = await Promise.all(
    [alice, bob].map(async (state) => (await upstream.request(state, { method: "GET", path: "/" })).json()),
  );
  expect(first).toEqual({ cookie: expect.stringMatching(/^who=[\da-f-]{36}; b=2$/) });
  expect(second).toEqual({ cookie: expect.stringMatching(/^who=[\da-f-]{36}; b=2$/) });
  expect(first).not.toEqual(second);
  expect(alice.text).not.toContain("who");
});

test("requestWithoutSession() sends and stores no cookies", async () => {
  const server = await startServer((_request, response, { cookie }) =>
    sendJson(response, { cookie }, { "set-cookie": "who=alice" }),
  );
  const upstream = connectUpstream(server.origin);
  await upstream.requestWithoutSession({ method: "GET", path: "/menu" });
  expect(
    (
      await upstream.requestWithoutSession({ method: "GET", path: "/menu", query: { size: "tacos XL" } })
    ).json(),
  ).toEqual({
    cookie: "",
  });
  expect(server.received.at(-1)?.path).toBe("/menu?size=tacos+XL");
  // @ts-expect-error: an unsafe request always belongs to a session
  await upstream.requestWithoutSession({ method: "POST", path: "/menu" });
});

test("request() writes the session's state only when a cookie changed", async () => {
  const server = await startServer((_request, response) =>
    sendJson(response, {}, { "set-cookie": "same=1; Path=/" }),
  );
  const upstream = connectUpstream(server.origin);
  const state = createMemoryState();
  await upstream.request(state, { method: "GET", path: "/" });
  const { text } = state;
  await upstream.request(state, { method: "GET", path: "/" });
  expect(state.text).toBe(text);
});

test("request() keeps every cookie when several nodes receive cookies for the same session at the same time", async () => {
  const nodes = 8;
  const waiting: (() => void)[] = [];
  const server = await startServer(async (_request, response, { path }) => {
    await new Promise<void>((release) => {
      waiting.push(release);
      if (waiting.length === nodes) for (const each of waiting) each();
    });
    sendJson(response, {}, { "set-cookie": `${path.slice(1)}=1; Path=/` });
  });
  const state = createMemoryState();
  const names = Array.from({ length: nodes }, (_, index) => `node${index}`);
  await Promise.all(
    names.map((name) => connectUpstream(server.origin).request(state, { method: "GET", path: `/${name}` })),
  );
  const echo = await startServer((_request, response, { cookie }) => sendJson(response, cookie));
  const sent = (await connectUpstream(echo.origin).request(state, { method: "GET", path: "/" })).json();
  expect(String(sent).split("; ").sort()).toEqual(names.map((name) => `${name}=1`));
});

test("mergeCookies() keeps a cookie that another response has changed in the meantime", () => {
  const [first, second] = [
    parseSetCookies("PHPSESSID=first"),
    parseSetCookies("PHPSESSID=second; Path=/cart"),
  ];
  expect(mergeCookies([], second, first)).toBe(first);
  expect(mergeCookies(first, second, first)).toEqual(second);
  expect(mergeCookies(first, [], second)).toBe(second);
  expect(mergeCookies(first, [], first)).toEqual([]);
  const other = parseSetCookies("lang=fr");
  expect(mergeCookies([], other, first)).toEqual([...first, ...other]);
});

test("Jar.header() contains a cookie only for URLs that its path and its Secure attribute allow (RFC 6265)", () => {
  const jar = new Jar(
    parseSetCookies("here=1", "cart=2; Path=/cart", "admin=3; Path=/admin", "tls=4; Secure; Path=/"),
  );
  expect(jar.cookieHeader(SHOP_URL)).toBe("here=1; cart=2");
  expect(jar.cookieHeader(new URL("http://shop.example/"))).toBe("");
  expect(jar.cookieHeader(new URL("https://shop.example/admin/x"))).toBe("admin=3");
  jar.setFromHeaders(["tls=4; Secure; Path=/"], new URL("https://shop.example/"));
  expect(jar.cookieHeader(new URL("https://shop.example/admin/x"))).toBe("admin=3; tls=4");
  expect(jar.cookieHeader(new URL("http://shop.example/admin/x"))).toBe("admin=3");
});

test("Jar.setFromHeaders() ignores cookies that are too large, belong to another domain, or violate their prefix", () => {
  expect(
    parseSetCookies(
      "a=1; Domain=evil.example",
      "b=1; Domain=example",
      "c=1; Domain=co.uk",
      "__Host-d=1; Path=/",
      "=; =;",
      `big=${"x".repeat(5000)}`,
    ),
  ).toEqual([]);
  expect(parseSetCookies("e=1; Domain=shop.example")).toMatchObject([{ key: "e", domain: "shop.example" }]);
});

test("Jar.cookies() omits expired and deleted cookies", () => {
  expect(parseSetCookies("a=1; Max-Age=0", "b=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT")).toEqual([]);
  const jar = new Jar(parseSetCookies("c=1", "d=1; Max-Age=3600"));
  expect(jar.cookies()[1]?.expires).toMatch(/^\d{4}-/);
  jar.setFromHeaders(["c=; Max-Age=0"], SHOP_URL);
  expect(jar.cookies().map(({ key }) => key)).toEqual(["d"]);
});

test("Jar.cookies() drops the oldest cookies above the size limit", () => {
  const many = parseSetCookies(...Array.from({ length: 20 }, (_, index) => `c${index}=${"x".repeat(1000)}`));
  expect(many.map(({ key }) => key)).toEqual(["c12", "c13", "c14", "c15", "c16", "c17", "c18", "c19"]);
});

test("Jar.cookies() counts the attributes of many small cookies towards the size limit", () => {
  const many = parseSetCookies(...Array.from({ length: 500 }, (_, index) => `c${index}=; Max-Age=3600`));
  expect(many.at(-1)?.key).toBe("c499");
  expect(JSON.stringify(many).length).toBeLessThan(20_000);
  expect(parseSetCookies("a=1", `c=; Path=/${"x".repeat(20_000)}`)).toMatchObject([{ key: "a" }]);
});

test("Jar.cookies() keeps a cookie whose Max-Age exceeds the range of Date", () => {
  const [first, second] = parseSetCookies(
    "a=1; Max-Age=99999999999999999",
    "b=1; Max-Age=-99999999999999999",
  );
  expect(first).toMatchObject({ key: "a", value: "1" });
  expect(second).toBeUndefined();
});
