/* The type check compiles this file; no test runs it. The line below each `@ts-expect-error` must not compile. */

import { z } from "zod";
import { defineEvents, type TrackArguments, type TrackableEvent } from "../../src/visit/define-events.ts";

const events = defineEvents({
  quiz_finished: { schema: z.object({ score: z.number() }) },
  coupon_used: { schema: z.object({ code: z.string().optional() }), key: true },
  joined: {},
});
type Definitions = {
  quiz_finished: { schema: z.ZodObject<{ score: z.ZodNumber }> };
};
declare function track<Name extends TrackableEvent<Definitions>>(
  ...args: TrackArguments<Definitions, Name>
): void;

export function acceptedCalls(): void {
  events.check("quiz_finished", { score: 3 });
  events.check("coupon_used");
  events.check("coupon_used", { code: "SPRING" });
  events.check("joined");
  events.check("joined", { any: { thing: [1, "two", null] } });
  events.check("add_to_cart", { sku: "taco" });
  track("quiz_finished", { score: 3 });
  track("search", { query: "tacos" });
}

export function rejectedCalls(): void {
  // @ts-expect-error: a misspelt name
  events.check("quiz_finishd", { score: 3 });
  // @ts-expect-error: a missing property
  events.check("quiz_finished", {});
  // @ts-expect-error: missing properties
  events.check("quiz_finished");
  // @ts-expect-error: a property of the wrong type
  events.check("quiz_finished", { score: "3" });
  // @ts-expect-error: a property that the schema does not know
  events.check("quiz_finished", { score: 3, level: 1 });
  // @ts-expect-error: Coatcheck makes page views
  events.check("page_view");
  // @ts-expect-error: a date is not JSON
  events.check("joined", { at: new Date() });
  // @ts-expect-error: a property of the wrong type
  track("quiz_finished", { score: "3" });
}
