import type { HttpOptions } from "../../http/options.ts";
import type { SessionPolicy } from "../../session/policy.ts";
import type { Exchange, Route, Routes } from "./exchange.ts";
import type { Rig } from "./rig.ts";

/** One case of the suite: how the server is set up, and what is tried. */
export interface AdapterCase {
  readonly http?: HttpOptions;
  readonly policy?: Partial<SessionPolicy>;
  readonly routes?: Routes;
  check(rig: Rig): Promise<void>;
}

/** Several cases, by what they prove. */
export type AdapterCases = Readonly<Record<string, AdapterCase>>;

/** A page that never asks for the session. */
export const still: Route = { handle: (exchange) => exchange.reply(200, {}, "still") };

/** Says what the session holds. */
export const show: Route = { handle: async (exchange) => showSession(exchange) };

/** Assigns to the session's data and says what it holds. */
export const count: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    session.data.count = Number(session.data.count ?? 0) + 1;
    return showSession(exchange);
  },
};

/** Logs in as `ann`. */
export const login: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.authenticate("ann");
    return showSession(exchange);
  },
};

/** Logs in as `ann`, for longer than the browser runs. */
export const remember: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.authenticate("ann", { remember: true });
    return showSession(exchange);
  },
};

/** Logs out. */
export const logout: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.revoke();
    return exchange.reply(200, {}, "bye");
  },
};

/** Replies with what the session is now. */
export async function showSession(exchange: Exchange): Promise<unknown> {
  const session = await exchange.session.load();
  const { id, subject, isNew, refusal } = session;
  const body = JSON.stringify({ id, subject, isNew, refusal, data: { ...session.data } });
  return exchange.reply(200, { "content-type": "application/json" }, body);
}
