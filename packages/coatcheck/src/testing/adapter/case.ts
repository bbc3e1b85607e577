import type { HttpOptions } from "../../http/options.ts";
import type { SessionPolicy } from "../../session/policy.ts";
import type { Exchange, Route, Routes } from "./exchange.ts";
import type { AdapterFixture } from "./fixtures.ts";

/** One case of the suite: the server's options and routes, and the check to run against it. */
export interface AdapterCase {
  readonly http?: HttpOptions;
  readonly policy?: Partial<SessionPolicy>;
  readonly routes?: Routes;
  /** Rejects when the adapter fails the case. */
  check(fixture: AdapterFixture): Promise<void>;
}

/** Cases by title. */
export type AdapterCases = Readonly<Record<string, AdapterCase>>;

/** Responds without loading the session. */
export const sessionlessRoute: Route = { handle: (exchange) => exchange.reply(200, {}, "sessionless") };

/** Responds with the session's fields. */
export const showRoute: Route = { handle: async (exchange) => showSession(exchange) };

/** Increments `data.count` and responds with the session's fields. */
export const countRoute: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    session.data.count = Number(session.data.count ?? 0) + 1;
    return showSession(exchange);
  },
};

/** Logs in as `ann` and responds with the session's fields. */
export const loginRoute: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.authenticate("ann");
    return showSession(exchange);
  },
};

/** Logs in as `ann` with `rememberMe: true`. */
export const loginWithRememberMeRoute: Route = createLoginRoute(true);

/** Logs in as `ann` with `rememberMe: false`, so that the cookie ends with the browser. */
export const loginWithoutRememberMeRoute: Route = createLoginRoute(false);

function createLoginRoute(rememberMe: boolean): Route {
  return {
    async handle(exchange) {
      const session = await exchange.session.load();
      await session.authenticate("ann", { rememberMe });
      return showSession(exchange);
    },
  };
}

/** Logs out. */
export const logoutRoute: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.revoke();
    return exchange.reply(200, {}, "bye");
  },
};

/** Responds with the current fields of the session as JSON. */
export async function showSession(exchange: Exchange): Promise<unknown> {
  const session = await exchange.session.load();
  const { id, subject: createCache, isNew, refusal } = session;
  const body = JSON.stringify({ id, subject: createCache, isNew, refusal, data: { ...session.data } });
  return exchange.reply(200, { "content-type": "application/json" }, body);
}
