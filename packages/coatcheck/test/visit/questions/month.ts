import { type DeliveredBatch, deliver } from "../recount/delivery.ts";
import { Recount } from "../recount/recount.ts";
import type { Script } from "../recount/script.ts";
import { generateTraffic, TIME_ZONE } from "../recount/traffic.ts";

/** One month of traffic, and a recount, which computes the expected figures without the library. */
export interface Traffic {
  readonly script: Script;
  readonly delivered: readonly DeliveredBatch[];
  readonly recount: Recount;
}

export function generateMonth(): Traffic {
  const script = generateTraffic({ seed: 11, visitors: 100 });
  const delivered = deliver(script, "shuffled", 3);
  return { script, delivered, recount: new Recount(script, delivered, TIME_ZONE) };
}
