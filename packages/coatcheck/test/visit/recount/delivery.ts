/** Converts a script (the actions of all visitors) into the batches that two nodes deliver. */
import { type DocumentCount, STANDARD_EVENTS, type VisitEvent } from "../../../src/visit/event.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";
import { Random } from "./random.ts";
import { type Action, type CountedDocument, HOUR, type Script, SHOP_HOST } from "./script.ts";

/** A batch, and the actions that it reports. The actions have the same order as the events of the batch. */
export interface DeliveredBatch {
  readonly batch: EventBatch;
  readonly actions: readonly Action[];
}

/**
 * - `in-order`: the batches arrive in the order in which the nodes receive the actions.
 * - `interleaved`: batches arrive late, out of order and more than once.
 * - `shuffled`: the batches of the whole script arrive in random order, some of them twice.
 */
export type ArrivalOrder = "in-order" | "interleaved" | "shuffled";

/** Returns the event that reports an action. */
export function createReportedEvent(action: Action): VisitEvent {
  const { detail } = action;
  return {
    id: action.id,
    type: eventTypeOf(action),
    at: action.at,
    receivedAt: action.receivedAt,
    origin: action.isFromBackend ? "backend" : "browser",
    visitorId: action.visitor,
    sessionId: action.session,
    subject: action.customer,
    tenant: action.tenant,
    page: action.page && { ...action.page, host: SHOP_HOST, title: null },
    visibleTime: detail.do === "visible" ? detail.milliseconds : null,
    source: action.cameFrom,
    client: action.client,
    isKey: detail.do === "order" || (detail.do === "track" && detail.isKey),
    order:
      detail.do === "order"
        ? { orderId: detail.orderId, revenue: detail.revenue, currency: detail.currency }
        : null,
    properties: {},
  };
}

/** Returns the event type of an action. */
export function eventTypeOf({ detail }: Action): string {
  if (detail.do === "track") return detail.event;
  const [pageView, pageTime] = STANDARD_EVENTS;
  return { view: pageView, visible: pageTime, order: "order_completed" }[detail.do];
}

/** Returns the batches of all nodes, in the order in which they arrive at the sink. */
export function deliver(script: Script, arrival: ArrivalOrder = "in-order", seed = 1): DeliveredBatch[] {
  const random = new Random(seed);
  const nodes = new Set([...script.actions, ...script.documents].map(({ node }) => node));
  const batches = [...nodes].flatMap((node) => createBatches(script, node, random));
  if (arrival === "in-order") return sortByTime(batches, ({ readyAt }) => readyAt);
  const repeated = batches.flatMap((batch) => (random.chance(0.1) ? [batch, batch] : [batch]));
  if (arrival === "shuffled") return random.shuffle(repeated);
  const delayed = repeated.map((batch) => ({
    ...batch,
    readyAt: batch.readyAt + (random.chance(0.2) ? random.integer(0, 6 * HOUR) : 0),
  }));
  return sortByTime(delayed, ({ readyAt }) => readyAt);
}

interface ReadyBatch extends DeliveredBatch {
  readonly readyAt: number;
}

function createBatches(script: Script, node: number, random: Random): ReadyBatch[] {
  const actions = sortByTime(
    script.actions.filter((action) => action.node === node && !action.isLost),
    ({ receivedAt }) => receivedAt,
  );
  let documents = sortByTime(
    script.documents.filter((document) => document.node === node),
    ({ at }) => at,
  );
  const batches: ReadyBatch[] = [];
  for (let start = 0; start < actions.length; ) {
    const end = start + random.integer(1, 60);
    const chunk = actions.slice(start, end);
    const readyAt = chunk.at(-1)?.receivedAt ?? 0;
    const isLast = end >= actions.length;
    const counted = documents.filter(({ at }) => isLast || at <= readyAt);
    documents = documents.filter((document) => !counted.includes(document));
    batches.push(createReadyBatch(chunk, counted, { readyAt, random }));
    start = end;
  }
  if (documents.length > 0) {
    batches.push(createReadyBatch([], documents, { readyAt: documents.at(-1)?.at ?? 0, random }));
  }
  return batches;
}

function createReadyBatch(
  actions: readonly Action[],
  documents: readonly CountedDocument[],
  { readyAt, random }: { readonly readyAt: number; readonly random: Random },
): ReadyBatch {
  return {
    actions,
    readyAt,
    batch: { events: actions.map(createReportedEvent), counts: createCounts(documents, random) },
  };
}

function createCounts(documents: readonly CountedDocument[], random: Random): DocumentCount[] {
  const counts = new Map<string, DocumentCount>();
  for (const { at, kind, tenant } of documents) {
    const hour = at - (at % HOUR);
    const key = JSON.stringify([kind, hour, tenant]);
    const count = counts.get(key) ?? { id: random.uuidV7At(at), kind, hour, tenant, documents: 0 };
    counts.set(key, { ...count, documents: count.documents + 1 });
  }
  return [...counts.values()];
}

function sortByTime<Item>(items: readonly Item[], timeOf: (item: Item) => number): Item[] {
  return items.toSorted((left, right) => timeOf(left) - timeOf(right));
}
