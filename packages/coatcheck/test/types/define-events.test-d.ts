/* The type check compiles this file; no test runs it. The line below each `@ts-expect-error` must not compile. */

import { z } from "zod";
import { defineEvents, type TrackArguments, type TrackableEvent } from "../../src/visit/define-events.ts";

const exampleEvents = defineEvents({
  quiz_finished: { schema: z.object({ score: z.number() }) },
  coupon_used: { schema: z.object({ code: z.string().optional() }), key: true },
  joined: {},
});
type ExampleDefinitions = {
  quiz_finished: { schema: z.ZodObject<{ score: z.ZodNumber }> };
};
declare function track<Name extends TrackableEvent<ExampleDefinitions>>(
  ...args: TrackArguments<ExampleDefinitions, Name>
): void;

export function acceptedCalls(): void {
  exampleEvents.check("quiz_finished", { score: 3 });
  exampleEvents.check("coupon_used");
  exampleEvents.check("coupon_used", { code: "SPRING" });
  exampleEvents.check("joined");
  exampleEvents.check("joined", { any: { thing: [1, "two", null] } });
  exampleEvents.check("add_to_cart", { sku: "taco" });
  track("quiz_finished", { score: 3 });
  track("search", { query: "tacos" });
}

export function rejectedCalls(): void {
  // @ts-expect-error: a misspelt name
  exampleEvents.check("quiz_finishd", { score: 3 });
  // @ts-expect-error: a missing property
  exampleEvents.check("quiz_finished", {});
  // @ts-expect-error: missing properties
  exampleEvents.check("quiz_finished");
  // @ts-expect-error: a property of the wrong type
  exampleEvents.check("quiz_finished", { score: "3" });
  // @ts-expect-error: a property that the schema does not contain
  exampleEvents.check("quiz_finished", { score: 3, level: 1 });
  // @ts-expect-error: only Coatcheck itself creates page views
  exampleEvents.check("page_view");
  // @ts-expect-error: a date is not JSON
  exampleEvents.check("joined", { at: new Date() });
  // @ts-expect-error: a property of the wrong type
  track("quiz_finished", { score: "3" });
}
