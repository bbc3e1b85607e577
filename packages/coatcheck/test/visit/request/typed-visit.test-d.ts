import { z } from "zod";
import type { Session } from "../../../src/session/session.ts";
import { createVisits, defineEvents, type EventQueue } from "../../../src/visit/index.ts";

declare const queue: EventQueue;
declare const session: Session;

const events = defineEvents({ quiz_finished: { schema: z.object({ score: z.number() }) }, joined: {} });
const visit = createVisits({ queue, privacy: "full", events }).of(session);

visit.track("quiz_finished", { score: 3 });
visit.track("joined");
visit.track("add_to_cart", { sku: "7" });

// @ts-expect-error the event is not defined
visit.track("quiz_finshed", { score: 3 });
// @ts-expect-error the property has another type
visit.track("quiz_finished", { score: "3" });
// @ts-expect-error the properties are missing
visit.track("quiz_finished");
// @ts-expect-error only Coatcheck itself creates this event
visit.track("order_completed");
// @ts-expect-error the privacy mode is missing
createVisits({ queue });
