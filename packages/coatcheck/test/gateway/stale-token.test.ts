import { describe, expect, test } from "vitest";
import { type UpstreamCsrfOptions, type UpstreamOptions, upstreamPresets } from "../../src/gateway/index.ts";
import { UsageError } from "../../src/session/usage-error.ts";
import { connectUpstream, createMemoryState, sendJson, startServer } from "./fixtures.ts";

const HTML = { "content-type": "text/html; charset=utf-8" };
const POST = { method: "POST", path: "/orders" } as const;

/**
 * Two responses of each preset's framework. The first refuses the token. The second refuses a request for another
 * reason.
 */
const REFUSALS = [
  ["django", [403, "<p>CSRF verification failed. Request aborted.</p>"], [403, "<h1>No permission</h1>"]],
  ["flaskWtf", [400, "<p>The CSRF token has expired.</p>"], [400, "<p>quantity is missing</p>"]],
  ["flaskWtf", [400, "<p>The CSRF session token is missing.</p>"], [400, "<p>bad</p>"]],
  ["laravel", [419, "<title>Page Expired</title>"], [422, '{"message":"The name is required."}']],
  ["rails", [422, "<h1>The change you wanted was rejected.</h1>"], [422, '{"errors":["name is too long"]}']],
  ["aspNetCore", [400, ""], [400, '{"title":"One or more validation errors occurred."}']],
] as const;

describe.each(REFUSALS)(
  "the preset %s, whose framework refuses a token with %j",
  (name, [status, refusal], [otherStatus, otherReason]) => {
    test("request() repeats a request whose token was refused, but not a request that was refused for another reason", async () => {
      let issued = 0;
      const page = () => {
        const token = `token-${++issued}`;
        return `<meta name="csrf-token" content="${token}"><input name="csrf_token" value="${token}"><input name="__RequestVerificationToken" value="${token}">`;
      };
      const server = await startServer((request, response, { method, path, body }) => {
        if (method === "GET") {
          response.writeHead(200, { ...HTML, "set-cookie": `csrftoken=token-${issued + 1}; Path=/` });
          return response.end(page());
        }
        if (path === "/refused") return response.writeHead(otherStatus, HTML).end(otherReason);
        const sent = Object.entries(request.headers).find(([header]) =>
          /csrf|verification/.test(header),
        )?.[1];
        const isFresh = (sent ?? body) === "token-2";
        return response.writeHead(isFresh ? 200 : status, HTML).end(isFresh ? "done" : refusal);
      });
      const upstream = connectUpstream(server.origin, upstreamPresets[name]({ csrfPath: "/page" }));
      const state = createMemoryState();
      expect((await upstream.request(state, POST)).text).toBe("done");
      const paths = () => server.received.map(({ path }) => path);
      expect(paths()).toEqual(["/page", "/orders", "/page", "/orders"]);
      expect((await upstream.request(state, { method: "POST", path: "/refused" })).text).toBe(otherReason);
      expect(paths().slice(4)).toEqual(["/refused"]);
    });
  },
);

/**
 * Starts an upstream that accepts each token for one write only. Each response contains the token for the next write.
 */
async function startOneUseServer(
  issue: (token: string) => { body: string; headers?: Record<string, string> },
) {
  let current = "";
  let issued = 0;
  return await startServer((_request, response, { method, token }) => {
    const accepted = method === "GET" || (token === current && token !== "");
    current = `token-${++issued}`;
    const { body, headers = {} } = issue(current);
    response.writeHead(accepted ? 200 : 419, { ...HTML, ...headers }).end(body);
  });
}

type IssueToken = Parameters<typeof startOneUseServer>[0];
const TOKEN_CARRIERS: [string, Pick<UpstreamCsrfOptions, "source" | "renewFrom">, IssueToken][] = [
  ["a form", { source: { input: "_token" } }, (token) => ({ body: `<input name=_token value=${token}>` })],
  ["a meta tag", { source: { meta: "csrf" } }, (token) => ({ body: `<meta name=csrf content=${token}>` })],
  ["a header", { source: { header: "x-next" } }, (token) => ({ body: "", headers: { "x-next": token } })],
  ["JSON", { source: { json: "next" }, renewFrom: "writes" }, (token) => ({ body: `{"next":"${token}"}` })],
];

test.each(TOKEN_CARRIERS)(
  "a write with a one-use token from %s needs only one request",
  async (_name, csrf, issue) => {
    const server = await startOneUseServer(issue);
    const upstream = connectUpstream(server.origin, {
      csrf: { path: "/", sendAs: { header: "x-csrf-token" }, staleToken: [419], ...csrf },
    });
    const state = createMemoryState();
    for (let write = 0; write < 10; write++) expect((await upstream.request(state, POST)).status).toBe(200);
    expect(server.received).toHaveLength(1 + 10);
  },
);

test("a write needs no retry if `renewFrom` is `all`, although each page replaces the one-use token", async () => {
  const server = await startOneUseServer((token) => ({ body: `<input name=_token value=${token}>` }));
  const upstream = connectUpstream(server.origin, {
    csrf: {
      path: "/",
      source: { input: "_token" },
      sendAs: { header: "x-csrf-token" },
      staleToken: [419],
      renewFrom: "all",
    },
  });
  const state = createMemoryState();
  for (let write = 0; write < 5; write++) {
    await upstream.request(state, { method: "GET", path: "/cart" });
    expect((await upstream.request(state, POST)).status).toBe(200);
  }
  expect(server.received).toHaveLength(1 + 10);
});

test("a member of a JSON response does not replace the token, unless `renewFrom` is set", async () => {
  const server = await startServer((_request, response, { method, token }) =>
    sendJson(response, method === "GET" ? { token: "csrf" } : { token: "of a payment", sent: token }),
  );
  const upstream = connectUpstream(server.origin, {
    csrf: { path: "/", source: { json: "token" }, sendAs: { header: "x-csrf-token" } },
  });
  const state = createMemoryState();
  await upstream.request(state, POST);
  expect((await upstream.request(state, POST)).json()).toMatchObject({ sent: "csrf" });
});

const PAGES_WITH_DECOY = [
  ["in a comment", "<!-- <input name=csrf value=no> --><input name=csrf value=yes>"],
  ["in a script", `<script>"<input name='csrf' value='no'>"</script><input name=csrf value=yes>`],
  ["in a text area", "<textarea><input name=csrf value=no></textarea><input name=csrf value=yes>"],
  ["twice", "<input name=csrf value=yes><input name=csrf value=no>"],
  [
    "in another form",
    "<form id=search><input name=csrf value=no></form><form id=order><input name=csrf value=yes></form>",
  ],
  ["in unclosed markup", "<table><tr><td><form id=order><p <b><input name=csrf value=yes"],
] as const;

test.each(PAGES_WITH_DECOY)(
  "request() finds the right token in a page that contains another token %s",
  async (where, page) => {
    const server = await startServer((_request, response, { method, token }) =>
      method === "GET" ? response.writeHead(200, HTML).end(`${page}>`) : sendJson(response, token),
    );
    const form = where === "in another form" ? { form: "order" } : {};
    const upstream = connectUpstream(server.origin, {
      csrf: { path: "/", source: { input: "csrf", ...form }, sendAs: { header: "x-csrf-token" } },
    });
    expect((await upstream.request(createMemoryState(), POST)).json()).toBe("yes");
  },
);

describe("the option csrf.staleToken", () => {
  const using = (staleToken: unknown): Partial<UpstreamOptions> => ({
    csrf: {
      path: "/token",
      source: { json: "token" },
      sendAs: { header: "x-csrf-token" },
      staleToken: staleToken as () => boolean,
    },
  });
  const start = () =>
    startServer((_request, response, { path }) =>
      path === "/token" ? sendJson(response, { token: "t" }) : response.writeHead(403).end(),
    );

  test.each([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
      "csrf.staleToken must not throw",
    ],
    ["returns a promise", async () => false, "csrf.staleToken must return true or false"],
    [
      "returns a promise that rejects",
      async () => {
        throw new Error("secret");
      },
      "csrf.staleToken must return true or false",
    ],
  ])("throws a UsageError that names the option, if the predicate %s", async (_what, staleToken, message) => {
    const server = await start();
    const error = await connectUpstream(server.origin, using(staleToken))
      .request(createMemoryState(), POST)
      .catch((e) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("secret");
    expect(server.received).toHaveLength(2);
  });

  test.each([[[]], [[200]], ["403"], [403]])(
    "is rejected by createUpstream() for the value %j",
    async (staleToken) => {
      expect(() => connectUpstream("http://127.0.0.1:1", using(staleToken))).toThrow(
        expect.objectContaining({ faults: [{ path: "csrf.staleToken", message: expect.any(String) }] }),
      );
    },
  );
});
