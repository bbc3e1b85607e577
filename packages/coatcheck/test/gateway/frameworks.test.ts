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
import { type CountingProxy, countingProxy } from "./counting-proxy.ts";
import { GATEWAY_SECRET, stateInMemory } from "./fixtures.ts";

const LOGIN = {
  method: "POST",
  path: "/login/",
  session: "begins",
  body: { form: { user: "ada" } },
} as const;
const VIEW_CART = { method: "GET", path: "/cart/" } as const;
const add = (item: string): UpstreamRequest => ({ method: "POST", path: "/cart/", body: { form: { item } } });

/** Returns the items on a page of the shop. */
function itemsIn(text: string): string[] {
  const [, items = ""] = /<output>(.*?)<\/output>/.exec(text) ?? [];
  return items === "" ? [] : items.split(",");
}

for (const backend of SHOP_BACKENDS) {
  describeWithProgram(backend.program, `the gateway in front of ${backend.title}`, () => {
    let server: RunningServer;
    let proxy: CountingProxy;
    let upstream: Upstream;
    let losses: UpstreamSessionLoss[];

    beforeAll(async () => {
      server = await backend.start();
      proxy = await countingProxy(server.url);
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

    /** Makes the shop forget all sessions, or outdate all tokens, as happens over time or through another tab. */
    const control = async (action: "forget" | "outdate") => {
      await upstream.requestWithoutSession({ method: "GET", path: `/control/${action}` });
    };
    const login = async (): Promise<UpstreamState> => {
      const state = stateInMemory();
      const response = await upstream.request(state, LOGIN);
      expect(response).toMatchObject({ status: 200, redirected: true });
      expect(new URL(response.url).pathname).toBe("/cart/");
      return state;
    };
    const itemsAfter = async (state: UpstreamState, request: UpstreamRequest) =>
      itemsIn((await upstream.request(state, request)).text);

    test("logs in, writes and reads", async () => {
      const state = await login();
      expect(await itemsAfter(state, add("one"))).toEqual(["one"]);
      expect(await itemsAfter(state, add("two"))).toEqual(["one", "two"]);
      expect(await itemsAfter(state, VIEW_CART)).toEqual(["one", "two"]);
      expect(losses).toEqual([]);
    });

    test("sends one request per write, without fetching a token each time", async () => {
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
    if (backend.outdatesTokens) test("repeats a write whose token is too old, once", writeWithOldToken);

    test.each([VIEW_CART, add("two")])(
      "reports a session that the shop has forgotten, after a $method request",
      async (request) => {
        const state = await login();
        await upstream.request(state, add("one"));
        await control("forget");
        await expect(upstream.request(state, request)).rejects.toMatchObject({
          code: "UPSTREAM_SESSION_LOST",
        });
        expect(losses).toMatchObject([{ sessionId: state.sessionId, loggedInAt: expect.any(Number) }]);
        expect((await upstream.request(state, LOGIN)).status).toBe(200);
        expect(await itemsAfter(state, add("three"))).toEqual(["three"]);
        expect(losses).toHaveLength(1);
      },
    );

    test("continues when the upstream renews the session cookie", async () => {
      const state = await login();
      await upstream.request(state, add("one"));
      expect((await upstream.request(state, { method: "POST", path: "/renew/" })).status).toBe(200);
      expect(await itemsAfter(state, add("two"))).toEqual(["one", "two"]);
      expect(losses).toEqual([]);
    });

    test("keeps twenty concurrent sessions separate, each with ten writes", async () => {
      const states = await Promise.all(Array.from({ length: 20 }, login));
      await Promise.all(
        states.flatMap((state, session) =>
          Array.from({ length: 10 }, (_, write) => upstream.request(state, add(`${session}-${write}`))),
        ),
      );
      for (const [session, state] of states.entries()) {
        const items = await itemsAfter(state, VIEW_CART);
        expect(items).toEqual(Array.from({ length: 10 }, (_, write) => `${session}-${write}`));
      }
    });
  });
}
