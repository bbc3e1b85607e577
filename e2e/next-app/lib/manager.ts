import { SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { sqliteStore } from "coatcheck/store/sqlite";
import { probe } from "./probe.ts";

export interface Data {
  theme?: string;
  count?: number;
}

/** Counts how often a request's token is checked. */
class CountingManager extends SessionManager<Data> {
  override resume(...args: Parameters<SessionManager<Data>["resume"]>) {
    probe.checks++;
    return super.resume(...args);
  }
}

export async function openManager(): Promise<SessionManager<Data>> {
  probe.opens++;
  const path = process.env.FIXTURE_DATABASE;
  if (!path)
    throw new Error(
      "Set FIXTURE_DATABASE to the path of the database. Only a running server may open the database, not the build.",
    );
  const clock = { now: () => Date.now() + probe.clockOffset };
  const store = await sqliteStore({ path });
  return new CountingManager({
    store,
    cache: createCache({ store, clock, singleProcess: true }),
    secrets: ["the secret of this fixture"],
    policy: { idleTimeout: 30 * 60_000, rotateEvery: 60 * 60_000 },
    clock,
  });
}
