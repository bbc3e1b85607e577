import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { describeWithProgram } from "../../../../scripts/test-programs/describe.ts";
import {
  createUpstream,
  type Upstream,
  type UpstreamRequest,
  type UpstreamSessionLoss,
  type UpstreamState,
} from "../../src/gateway/index.ts";
import type { RunningServer } from "../servers/start.ts";
import { SHOP_BACKENDS } from "./backends.ts";
import { createMemoryState, GATEWAY_SECRET } from "./fixtures.ts";
import { openRecordingProxy, type RecordingProxy } from "./recording-proxy.ts";

const LOGIN_REQUEST = {
  method: "POST",
  path: "/login/",
  session: "begins",
  body: { form: { user: "ada" } },
} as const;
const CART_REQUEST = { method: "GET", path: "/cart/" } as const;
const add = (item: string): UpstreamRequest => ({ method: "POST", path: "/cart/", body: { form: { item } } });

/** Returns the items of the cart that a page of the shop shows. */
function parseItems(text: string): string[] {
  const [, items = ""] = /<output>(.*?)<\/output>/.exec(text) ?? [];
  return items === "" ? [] : items.split(",");
}

for (const backend of SHOP_BACKENDS) {
  describeWithProgram(`the gateway in front of ${backend.title}`, backend.program, () => {
    let server: RunningServer;
    let proxy: RecordingProxy;
    let upstream: Upstream;
    let losses: UpstreamSessionLoss[];

    beforeAll(async () => {
      server = await backend.start();
      proxy = await openRecordingProxy(server.url);
      upstream = createUpstream({
        baseUrl: proxy.url,
        secrets: [GATEWAY_SECRET],
        timeout: 20_000,
        onSessionLost: (loss) => losses.push(loss),
        ...backend.options,
      });
    });
    afterAll(async () => {
      await upstream.close();
      await proxy.close();
      await server.stop();
    });
    beforeEach(() => {
      losses = [];
    });

    /** Makes the shop forget all sessions (`forget`) or refuse all tokens that it has issued (`outdate`). */
    const control = async (action: "forget" | "outdate") => {
      await upstream.requestWithoutSession({ method: "GET", path: `/control/${action}` });
    };
    const login = async (): Promise<UpstreamState> => {
      const state = createMemoryState();
      const response = await upstream.request(state, LOGIN_REQUEST);
      expect(response).toMatchObject({ status: 200, redirected: true });
      expect(new URL(response.url).pathname).toBe("/cart/");
      return state;
    };
    const itemsAfter = async (state: UpstreamState, request: UpstreamRequest) =>
      parseItems((await upstream.request(state, request)).text);

    test("a client logs in, writes and reads through the gateway", async () => {
      const state = await login();
      expect(await itemsAfter(state, add("one"))).toEqual(["one"]);
      expect(await itemsAfter(state, add("two"))).toEqual(["one", "two"]);
      expect(await itemsAfter(state, CART_REQUEST)).toEqual(["one", "two"]);
      expect(losses).toEqual([]);
    });

    test("the gateway sends one request per write, without fetching a token each time", async () => {
      const state = await login();
      await upstream.request(state, add("first"));
      proxy.requests.length = 0;
      for (let each = 0; each < 5; each++) await upstream.request(state, add(String(each)));
      expect(proxy.requests).toEqual(Array.from({ length: 5 }, () => "POST /cart/"));
    });

    const writeWithOldToken = async () => {
      const state = await login();
      await upstream.request(state, add("one"));
      await control("outdate");
      proxy.requests.length = 0;
      expect(await itemsAfter(state, add("two"))).toEqual(["one", "two"]);
      expect(proxy.requests.filter((request) => request === "POST /cart/")).toHaveLength(2);
      expect(losses).toEqual([]);
    };
    if (backend.canInvalidateToken) test("repeats a write whose token is too old, once", writeWithOldToken);

    test.each([CART_REQUEST, add("two")])(
      "reports a session that the shop has forgotten, after a $method request",
      async (request) => {
        const state = await login();
        await upstream.request(state, add("one"));
        await control("forget");
        await expect(upstream.request(state, request)).rejects.toMatchObject({
          code: "UPSTREAM_SESSION_LOST",
        });
        expect(losses).toMatchObject([{ sessionId: state.sessionId, loggedInAt: expect.any(Number) }]);
        expect((await upstream.request(state, LOGIN_REQUEST)).status).toBe(200);
        expect(await itemsAfter(state, add("three"))).toEqual(["three"]);
        expect(losses).toHaveLength(1);
      },
    );

    test("the gateway continues when the upstream renews the session cookie", async () => {
      const state = await login();
      await upstream.request(state, add("one"));
      expect((await upstream.request(state, { method: "POST", path: "/renew/" })).status).toBe(200);
      expect(await itemsAfter(state, add("two"))).toEqual(["one", "two"]);
      expect(losses).toEqual([]);
    });

    test("the gateway keeps twenty concurrent sessions separate, each with ten writes", async () => {
      const states = await Promise.all(Array.from({ length: 20 }, login));
      await Promise.all(
        states.flatMap((state, session) =>
          Array.from({ length: 10 }, (_, write) => upstream.request(state, add(`${session}-${write}`))),
        ),
      );
      for (const [session, state] of states.entries()) {
        const items = await itemsAfter(state, CART_REQUEST);
        expect(items).toEqual(Array.from({ length: 10 }, (_, write) => `${session}-${write}`));
      }
    });
  });
}
