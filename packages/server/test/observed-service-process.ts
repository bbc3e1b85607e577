/** Serves the API on a store that counts reads and can be made to fail. `observed-service.ts` runs this program. */
import { CoatcheckError, SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { describeClient } from "coatcheck/device";
import { memoryStore } from "coatcheck/store/memory";
import { pino } from "pino";
import { buildApp } from "../src/app.ts";
import { Credentials } from "../src/credentials.ts";
import { ADMIN_TOKEN } from "./fixtures.ts";

let reads = 0;
let isDown = false;
const memory = memoryStore();

function throwIfStopped(): void {
  if (isDown) throw new CoatcheckError("STORE_UNAVAILABLE", "The test has stopped the store.");
}

const store = {
  ...memory,
  async get(id: string) {
    reads++;
    throwIfStopped();
    return await memory.get(id);
  },
  async stats(now: number) {
    throwIfStopped();
    return await memory.stats(now);
  },
};

const app = await buildApp({
  manager: new SessionManager({ store, secrets: ["a secret for these tests"] }),
  // The manager does not use this cache, so that every read reaches the store and is counted.
  cache: createCache({ store: memory, singleProcess: true }),
  credentials: new Credentials(ADMIN_TOKEN, []),
  log: pino({ level: "silent" }),
  clock: { now: Date.now },
  trustProxy: false,
  secureCookie: false,
  describeClient,
  servesMetrics: true,
  // Turn the limits off, because all requests of a test come from one address.
  rateLimits: { session: 0, address: 0 },
});
process.on("message", (message) => {
  if (message !== "reads") isDown = message === "stop";
  process.send?.({ reads });
});
process.send?.({ url: await app.listen({ host: "127.0.0.1", port: 0 }) });
