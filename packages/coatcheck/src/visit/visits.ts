import type { EventEmitter } from "node:events";
import { CoatcheckError, invalidInputError } from "../session/errors.ts";
import type { JsonObject } from "../session/json.ts";
import type { SessionManager } from "../session/manager.ts";
import type { SessionRecord } from "../session/record.ts";
import type { ConvertedOrder, SessionVisit, Tracked } from "../session/session-visit.ts";
import {
  Collection,
  type EventActor,
  type EventContent,
  MAX_LATENESS,
  type RequestWithClient,
} from "./collection.ts";
import type { EventDefinitions, EventSchemas, TrackArguments, TrackableEvent } from "./define-events.ts";
import { derivedEventId } from "./derived-event-id.ts";
import { type EventCatalog, requireTrackable } from "./event-catalog.ts";
import { orderEventId } from "./ingest/uuid-v7.ts";
import { resolveOptions, type VisitsOptions } from "./options.ts";
import { requireOrder } from "./order.ts";
import { RequestVisit } from "./request-visit.ts";
import { createConversionChange } from "./session-visit.ts";
import type { Suspicion, VisitEvents } from "./suspicion.ts";

/** An event that a backend reports. */
export interface ReportedEvent {
  /**
   * The reporter's id for the event, unique within the session. An event that is reported twice with the same id is
   * counted once. Default: a new id.
   */
  readonly id?: string;
  readonly type: string;
  readonly properties?: JsonObject;
  /** When the event happened, epoch milliseconds, at most 48 hours ago. Default: now. */
  readonly at?: number;
}

/** Options of {@link createVisits} with the application's own events. */
export type TypedVisitsOptions<Definitions extends EventDefinitions> = Omit<VisitsOptions, "events"> & {
  /** The application's own events, from `defineEvents`. Default: standard events only. */
  readonly events?: EventSchemas<Definitions> | EventCatalog;
};

/** A session's visit whose `track` accepts only defined events. */
export interface TypedVisit<Definitions extends EventDefinitions> extends Omit<SessionVisit, "track"> {
  /** Tracks an event, like {@link SessionVisit.track}, with typed names and properties. */
  track<Name extends TrackableEvent<Definitions>>(...event: TrackArguments<Definitions, Name>): Tracked;
}

/**
 * Creates visits. Pass them to `coatcheck(manager, { visits })`.
 *
 * @throws UsageError for an invalid option.
 * @example
 * const visits = createVisits({ queue, privacy: "full", events: defineEvents({ quiz_finished: {} }) });
 * visits.of(await request.session.load()).track("quiz_finished");
 */
export function createVisits<const Definitions extends EventDefinitions = Record<never, never>>(
  options: TypedVisitsOptions<Definitions>,
): Visits<Definitions> {
  return new Visits(options as VisitsOptions);
}

/** Collects the visits of a site. Create one per process, with {@link createVisits}. */
export class Visits<Definitions extends EventDefinitions = Record<never, never>> {
  readonly #collection: Collection;

  constructor(options: VisitsOptions) {
    this.#collection = new Collection(resolveOptions(options));
  }

  /** Emits `suspicious` with a {@link Suspicion}. */
  get events(): EventEmitter<VisitEvents> {
    return this.#collection.suspicionWatch.events;
  }

  /** Returns how many suspicious patterns of each kind this process has found. */
  get suspicions(): Readonly<Record<Suspicion["kind"], number>> {
    return this.#collection.suspicionWatch.counts;
  }

  /**
   * Counts a new session whose client has this IP address, for the pattern `many-sessions`. Adapters call it for
   * sessions that begin with a page view; call it yourself when a backend creates a session for a client.
   */
  sessionCreated(address: string | null): void {
    if (this.#collection.rules.collects) this.#collection.suspicionWatch.onSessionCreated(address);
  }

  /** Returns `session.visit`, with a `track` that accepts only the defined events. */
  of(session: { readonly visit: SessionVisit }): TypedVisit<Definitions> {
    return session.visit as TypedVisit<Definitions>;
  }

  /** Creates the visit of a request. For adapters. */
  open(requestWithClient: RequestWithClient): RequestVisit {
    return new RequestVisit(this.#collection, requestWithClient);
  }

  /**
   * Tracks an event that a backend reports, such as a webhook. The event belongs to the last visit of the session. If
   * the session's browser has no visitor, the event is ignored, because the person may have opted out.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` with a path.
   */
  report(record: SessionRecord, event: ReportedEvent): Tracked {
    return this.#trackReported(record, this.#checkReported(record, event));
  }

  /**
   * Tracks several events, like {@link report}. If one is invalid, none is tracked.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` with a path such as `events.1.type`.
   */
  reportAll(record: SessionRecord, events: readonly ReportedEvent[]): readonly Tracked[] {
    const checked = events.map((event, index) => {
      try {
        return this.#checkReported(record, event);
      } catch (error) {
        throw prefixFaultPaths(`events.${index}`, error);
      }
    });
    return checked.map((event) => this.#trackReported(record, event));
  }

  /**
   * Marks a session as converted and tracks the order, like `session.visit.convert`. Use it in a backend that has only
   * the session's id.
   *
   * @throws CoatcheckError the errors of `session.visit.convert`, and also `SESSION_NOT_FOUND`, `SESSION_EXPIRED` and
   *   `SESSION_REVOKED`.
   */
  async convert<Data>(
    manager: SessionManager<Data>,
    sessionId: string,
    order: ConvertedOrder,
  ): Promise<Tracked> {
    const checked = requireOrder(order);
    const { knownOrders } = this.#collection;
    const now = this.#collection.now();
    const tenant = (await manager.find(sessionId))?.tenant ?? null;
    await knownOrders.requireNoConflict(tenant, checked, sessionId);
    const record = await manager.changeVisit(sessionId, createConversionChange(checked, now));
    knownOrders.rememberOrder(tenant, checked, sessionId);
    const actor = this.#reporterOf(record);
    if (actor === null) return { collected: false };
    const id = orderEventId(tenant, checked.orderId);
    const event = { id, type: "order_completed", isKey: true, order: checked, at: now } as const;
    await this.#collection.trackOrder(actor, { ...event, origin: "backend" });
    return { collected: true };
  }

  /** Resolves when all events tracked so far are in the sink. */
  async flush(): Promise<void> {
    await this.#collection.options.queue.flush();
  }

  /** Closes the queue. */
  async close(): Promise<void> {
    await this.#collection.options.queue.close();
  }

  #checkReported(record: SessionRecord, { id, type, properties = {}, at }: ReportedEvent): EventContent {
    requireTrackable(type);
    const checked = this.#collection.catalog.check(type, properties);
    const identity = id === undefined ? {} : { id: derivedEventId("report", record.id, id) };
    return { ...checked, ...identity, at: this.#requireTime(at), origin: "backend" };
  }

  #trackReported(record: SessionRecord, event: EventContent): Tracked {
    const actor = this.#reporterOf(record);
    if (actor === null) return { collected: false };
    this.#collection.trackOrderAgain(actor, record);
    return { collected: this.#collection.track(actor, event) };
  }

  /** Returns the visitor of a backend event; null if nothing is collected. */
  #reporterOf({ id: sessionId, owner, visitorId, subject, tenant }: SessionRecord): EventActor | null {
    const { collects, linksVisitors } = this.#collection.rules;
    const isBrowsers = owner.startsWith("browser:");
    if (!collects || (linksVisitors && isBrowsers && visitorId === null)) return null;
    return { visitorId, sessionId, subject, tenant };
  }

  #requireTime(at: number | undefined): number {
    const now = this.#collection.now();
    if (at === undefined) return now;
    if (Number.isFinite(at) && at <= now && at >= now - MAX_LATENESS) return at;
    const message = "must be a time of the last 48 hours, epoch milliseconds";
    throw invalidInputError("event", [{ path: "at", message }]);
  }
}

/** Returns a validation error with `path` in front of the path of each fault. Returns other errors unchanged. */
function prefixFaultPaths(path: string, error: unknown): unknown {
  if (!(error instanceof CoatcheckError) || error.code !== "VALIDATION_FAILED") return error;
  const faults = error.faults.map((fault) => ({ ...fault, path: `${path}.${fault.path}` }));
  return faults.length > 0 ? invalidInputError("events", faults) : error;
}
