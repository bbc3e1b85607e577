import fc from "fast-check";
import { expect, it } from "vitest";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { arbitraryDelivery, arbitraryEventsOfVisitor } from "./arbitrary-events.ts";
import { FactsDatabase, reportFailingCase } from "./facts-database.ts";

const delivery = arbitraryEventsOfVisitor.chain((events) =>
  fc.tuple(fc.constant(events), arbitraryDelivery(events)),
);
const options = { numRuns: Number(process.env.VISIT_RUNS ?? 100), reporter: reportFailingCase };

function readFactsAfter(batches: readonly (readonly VisitEvent[])[]): unknown {
  const database = new FactsDatabase();
  for (const events of batches) database.addEvents(events);
  const facts = database.facts();
  database.close();
  return facts;
}

it("visits are the same in whatever order and in whatever batches the events arrive", () => {
  fc.assert(
    fc.property(delivery, ([events, batches]) => {
      expect(readFactsAfter(batches)).toEqual(readFactsAfter([events]));
    }),
    options,
  );
}, 60_000);

it("rollups that are recomputed after each batch equal rollups that are computed once at the end", () => {
  fc.assert(
    fc.property(delivery, ([, batches]) => {
      const database = new FactsDatabase();
      for (const events of batches) {
        database.addEvents(events);
        database.recompute();
      }
      const kept = database.rollups();
      database.markAllChanged();
      database.recompute();
      expect(kept).toEqual(database.rollups());
      database.close();
    }),
    options,
  );
}, 60_000);
