import fc from "fast-check";
import { expect, it } from "vitest";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { anyDelivery, eventsOfOneVisitor } from "./arbitrary-events.ts";
import { FactsDatabase, reportFailingCase } from "./facts-database.ts";

const delivery = eventsOfOneVisitor.chain((events) => fc.tuple(fc.constant(events), anyDelivery(events)));
const options = { numRuns: Number(process.env.VISIT_RUNS ?? 100), reporter: reportFailingCase };

function factsAfter(batches: readonly (readonly VisitEvent[])[]): unknown {
  const database = new FactsDatabase();
  for (const events of batches) database.addEvents(events);
  const facts = database.facts();
  database.close();
  return facts;
}

it("visits do not depend on the order of the events or on the batches", () => {
  fc.assert(
    fc.property(delivery, ([events, batches]) => {
      expect(factsAfter(batches)).toEqual(factsAfter([events]));
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
