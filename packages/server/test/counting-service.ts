/**
 * The API over a store that counts how often it is asked for a session: a program of its own, which answers the
 * message `reads` with the count.
 */
import { SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { memoryStore } from "coatcheck/store/memory";
import { pino } from "pino";
import { buildApp } from "../src/app.ts";
import { Credentials } from "../src/credentials.ts";
import { ADMIN_TOKEN } from "./counting.ts";

let reads = 0;
const kept = memoryStore();
const store = {
  ...kept,
  get(id: string) {
    reads++;
    return kept.get(id);
  },
};
const manager = new SessionManager({
  store,
  secrets: ["a secret for these tests"],
  cache: createCache({ store }),
});
const app = await buildApp({
  manager,
  credentials: new Credentials(ADMIN_TOKEN, []),
  log: pino({ level: "silent" }),
  clock: { now: Date.now },
  trustProxy: false,
  secureCookie: false,
});
const url = await app.listen({ host: "127.0.0.1", port: 0 });
process.on("message", () => process.send?.({ reads }));
process.send?.({ url });
