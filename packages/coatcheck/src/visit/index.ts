/**
 * Visit analytics, from an anonymous visitor's first page to a customer's order. Visits are linked to sessions.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { coatcheck, sessionOf } from "coatcheck/express";
 * import { memoryStore } from "coatcheck/store/memory";
 * import { createEventQueue, createVisits } from "coatcheck/visit";
 * import { ndjsonSink } from "coatcheck/visit/ndjson";
 * import express from "express";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const queue = createEventQueue({ sink: ndjsonSink("./events") });
 * const visits = createVisits({ queue, privacy: "exempt" });
 * const app = express();
 * app.use(coatcheck(sessions, { visits }));
 * app.post("/orders", async (request, response) => {
 *   const session = await sessionOf(request).load();
 *   await session.visit.convert({ orderId: "order-7", revenue: 1990, currency: "EUR" });
 *   response.status(201).end();
 * });
 *
 * @module
 */
export type { Conversion, RecordedVisit, VisitSource } from "../session/recorded-visit.ts";
export type { ConvertedOrder, SessionVisit, Tracked } from "../session/session-visit.ts";
export type { Beacon, BeaconEvent } from "./beacon.ts";
export type { DailySalt } from "./daily-visitor.ts";
export * from "./define-events.ts";
export type { VisitedClient, VisitedRequest } from "./document.ts";
export * from "./event.ts";
export type { EventCatalog } from "./event-catalog.ts";
export type { EventQueue } from "./event-queue.ts";
export type { EventQueueOptions } from "./ingest/options.ts";
export { createEventQueue, type IngestQueue } from "./ingest/queue.ts";
export type { QueueEvents } from "./ingest/queue-events.ts";
export type { QueueStats } from "./ingest/queue-stats.ts";
export type { SpillOptions } from "./ingest/spill.ts";
export { orderEventId, uuidV7Source } from "./ingest/uuid-v7.ts";
export type { VisitsOptions } from "./options.ts";
export type { PrivacyMode } from "./privacy.ts";
export type { BeaconReceipt } from "./receive-beacon.ts";
export type { RequestVisit } from "./request-visit.ts";
export type { EventBatch, EventSink, StoredOrder } from "./sink.ts";
export type { Suspicion, SuspicionOptions, VisitEvents } from "./suspicion.ts";
export { OPT_OUT_COOKIE, VISITOR_COOKIE } from "./visitor-cookie.ts";
export {
  createVisits,
  type ReportedEvent,
  type TypedVisit,
  type TypedVisitsOptions,
  type Visits,
} from "./visits.ts";
