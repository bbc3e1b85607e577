/**
 * The API over a store that counts how often it is asked for a session, and that can be broken: a program of its own,
 * run by {@link ./watched.ts}.
 */
import { CoatcheckError, SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { describeClient } from "coatcheck/device";
import { memoryStore } from "coatcheck/store/memory";
import { pino } from "pino";
import { buildApp } from "../src/app.ts";
import { Credentials } from "../src/credentials.ts";
import { ADMIN } from "./running.ts";

let reads = 0;
let isBroken = false;
const kept = memoryStore();

function requireWhole(): void {
  if (isBroken) throw new CoatcheckError("STORE_UNAVAILABLE", "The store was broken by the test.");
}

const store = {
  ...kept,
  async get(id: string) {
    reads++;
    requireWhole();
    return await kept.get(id);
  },
  async stats(now: number) {
    requireWhole();
    return await kept.stats(now);
  },
};

const app = await buildApp({
  manager: new SessionManager({ store, secrets: ["a secret for these tests"] }),
  // The manager reads without it, so that every read is counted.
  cache: createCache({ store: kept, single: true }),
  credentials: new Credentials(ADMIN, []),
  log: pino({ level: "silent" }),
  clock: { now: Date.now },
  trustProxy: false,
  secureCookie: false,
  describeClient,
  metrics: true,
});
process.on("message", (message) => {
  if (message !== "reads") isBroken = message === "break";
  process.send?.({ reads });
});
process.send?.({ url: await app.listen({ host: "127.0.0.1", port: 0 }) });
