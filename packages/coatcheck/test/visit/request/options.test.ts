import { expect, it } from "vitest";
import { SessionManager } from "../../../src/session/manager.ts";
import { UsageError } from "../../../src/session/usage-error.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { defineEvents } from "../../../src/visit/define-events.ts";
import type { VisitsOptions } from "../../../src/visit/options.ts";
import { createVisits } from "../../../src/visit/visits.ts";
import { TestQueue } from "./fixtures.ts";

const queue = new TestQueue();

it.each<[string, object, string]>([
  ["a missing queue", { privacy: "full" }, "queue must be an event queue from createEventQueue()"],
  ["a missing privacy mode", { queue }, "privacy must be one of full, exempt, cookieless, off"],
  ["an unknown privacy mode", { queue, privacy: "strict" }, "privacy must be one of"],
  ["an unknown option", { queue, privacy: "full", timezone: "UTC" }, 'did you mean "timeZone"?'],
  [
    "an unknown time zone",
    { queue, privacy: "full", timeZone: "Mars/Base" },
    "timeZone must be an IANA name",
  ],
  [
    "an own host that is a URL",
    { queue, privacy: "full", ownHosts: ["https://x"] },
    "ownHosts.0 must be a host",
  ],
  [
    "an event limit of 0",
    { queue, privacy: "full", eventsPerMinute: 0 },
    "eventsPerMinute must be a positive number",
  ],
  [
    "an unknown option in suspicion",
    { queue, privacy: "full", suspicion: { windows: 1 } },
    'did you mean "suspicion.window"?',
  ],
])("createVisits() throws a UsageError for %s", (_fault, options, message) => {
  const create = () => createVisits(options as VisitsOptions);
  expect(create).toThrow(UsageError);
  expect(create).toThrow(message);
});

it("coatcheck() accepts the option `visits`", async () => {
  const { coatcheck } = await import("../../../src/http/express.ts");
  const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
  const visits = createVisits({ queue, privacy: "full", events: defineEvents({ quiz_finished: {} }) });
  expect(() => coatcheck(manager, { visits })).not.toThrow();
});
