import { createUpstream, type UpstreamOptions } from "coatcheck/gateway";
import { type Config, listen, openSessions } from "coatcheck-server";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { buildShop } from "../src/app.ts";
import { BACKEND_OPTIONS } from "../src/backend.ts";
import { log } from "./shop-fixtures.ts";

/** Starts another node of the shop that uses a running backend. */
export async function openNode(
  config: Config,
  backendUrl: string,
  more: Partial<UpstreamOptions> = {},
  accountsPath = ":memory:",
) {
  const sessions = await openSessions(config, log);
  const upstream = createUpstream({
    baseUrl: backendUrl,
    ...BACKEND_OPTIONS,
    secrets: sessions.secrets,
    ...more,
  });
  const accounts = openAccountsDatabase(accountsPath);
  const app = await buildShop({
    sessions,
    upstream,
    accounts,
    log,
    clock: { now: Date.now },
    schedule: (delay, task) => {
      const timer = setTimeout(task, delay);
      return () => clearTimeout(timer);
    },
    trustProxy: false,
    secureCookie: false,
  });
  const url = await listen(app, { host: "127.0.0.1", port: 0 });
  return {
    url,
    async close() {
      await app.close();
      await upstream.close();
      await sessions.close();
      accounts.close();
    },
  };
}
