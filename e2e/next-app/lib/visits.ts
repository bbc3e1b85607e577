import { createEventQueue, createVisits } from "coatcheck/visit";
import { sqliteEvents } from "coatcheck/visit/sqlite";
import { probe } from "./probe.ts";

/** Opens the visits. Their database file is beside the file of the sessions. */
export function openVisits() {
  probe.visitOpens++;
  const sink = sqliteEvents({ path: `${process.env.FIXTURE_DATABASE}.visits` });
  return createVisits({ queue: createEventQueue({ sink }), privacy: "full" });
}
