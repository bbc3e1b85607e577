import { randomUUID } from "node:crypto";
import { anonymizeAddress } from "../device/index.ts";
import type { JsonObject } from "../session/json.ts";
import type { SessionRecord } from "../session/record.ts";
import { sourceOf } from "./attribution/index.ts";
import { CurrentVisits } from "./current-visits.ts";
import { DailyVisitors } from "./daily-visitor.ts";
import { defineEvents } from "./define-events.ts";
import { ClientDescriptions, type DescribedClient } from "./described-client.ts";
import { bareHost, type VisitedClient, type VisitedRequest } from "./document.ts";
import type { ClientKind, CountedKind, EventClient, EventPage, Order, Source, VisitEvent } from "./event.ts";
import type { EventCatalog } from "./event-catalog.ts";
import { orderEventId, uuidV7Source } from "./ingest/uuid-v7.ts";
import { KnownOrders } from "./known-orders.ts";
import { KnownPages } from "./known-pages.ts";
import { EventLimit } from "./limits.ts";
import type { ResolvedVisitsOptions } from "./options.ts";
import { type PrivacyRules, refusesCollection, rulesOf } from "./privacy.ts";
import { SuspicionWatch } from "./suspicion.ts";
import { hasOptedOut } from "./visitor-cookie.ts";

/** A request, and the client that sent it. */
export interface RequestWithClient {
  readonly request: VisitedRequest;
  readonly client: VisitedClient;
  readonly secure: boolean;
}

/** Maximum age of an event that a beacon or a backend reports, in milliseconds. */
export const MAX_LATENESS = 48 * 60 * 60_000;

/** The members of a session record that are read to track its order. */
export type ConvertedSession = Pick<SessionRecord, "id" | "tenant" | "conversion">;

/**
 * How long `convert()` waits for the order's event to be stored, in milliseconds. While it waits, the session is
 * already marked as converted.
 */
const ORDER_TIMEOUT = 2000;

/** The content of an event, without its visitor and session. */
export interface EventContent {
  readonly id?: string | undefined;
  readonly type: string;
  readonly at?: number;
  readonly origin?: "browser" | "backend";
  readonly page?: EventPage | null;
  readonly visibleTime?: number | null;
  readonly source?: Source | null;
  readonly client?: EventClient | null;
  readonly isKey?: boolean;
  readonly order?: Order | null;
  readonly properties?: JsonObject;
}

/** The visitor, session and customer that caused an event. */
export interface EventActor {
  readonly visitorId: string | null;
  readonly sessionId: string | null;
  readonly subject: string | null;
  readonly tenant: string | null;
}

/** The state that all requests of this process share: the options, and the remembered visits, pages and orders. */
export class Collection {
  readonly options: ResolvedVisitsOptions;
  readonly rules: PrivacyRules;
  readonly catalog: EventCatalog;
  readonly visits = new CurrentVisits();
  readonly pages = new KnownPages();
  readonly knownOrders: KnownOrders;
  readonly suspicionWatch: SuspicionWatch;
  readonly newId: () => string;
  readonly #eventLimit: EventLimit;
  readonly #dailyVisitors: DailyVisitors | null;
  readonly #clientDescriptions: ClientDescriptions;
  #requestedHost: string | null = null;
  #lastHost: string | null = null;
  #ownHosts: readonly string[];

  constructor(options: ResolvedVisitsOptions) {
    this.options = options;
    this.#ownHosts = options.ownHosts;
    this.rules = rulesOf(options.privacy);
    this.catalog = options.events ?? defineEvents({});
    this.knownOrders = new KnownOrders(options.orders);
    this.suspicionWatch = new SuspicionWatch(options.clock, options.suspicion);
    this.newId = uuidV7Source(options);
    this.#clientDescriptions = new ClientDescriptions(this.rules.keepsDetails);
    this.#eventLimit = new EventLimit(options.eventsPerMinute);
    const { dailySalt = () => randomUUID() } = options;
    this.#dailyVisitors =
      options.privacy === "cookieless" ? new DailyVisitors(options.clock, dailySalt, options.timeZone) : null;
  }

  now(): number {
    return this.options.clock.now();
  }

  /** Returns a description of the client, based on its user agent. */
  describeClient(request: VisitedRequest): DescribedClient {
    return this.#clientDescriptions.describe(request.header("user-agent"));
  }

  /** Returns why a request of this kind of client is only counted; null if its visit is stored. */
  countedKindOf(request: VisitedRequest, kind: ClientKind): CountedKind | null {
    if (kind !== "human") return kind;
    const refuses = refusesCollection(request, this.options.honourDoNotTrack ?? false);
    return refuses || hasOptedOut(request.header("cookie")) ? "not-collected" : null;
  }

  /** Returns the id of a visitor in a privacy mode without cookies. */
  dailyVisitorId({ request, client }: RequestWithClient): string | null {
    const { address, host } = client;
    return (
      this.#dailyVisitors?.todaysIdOf({
        address,
        host: this.hostWithoutPort(host),
        userAgent: request.header("user-agent"),
      }) ?? null
    );
  }

  /** Adds the country to a client. Adds the city too if the privacy mode allows it. */
  withPlace(described: EventClient, { request, client }: RequestWithClient): EventClient {
    const { place } = this.options;
    if (!place) return described;
    const { keepsDetails } = this.rules;
    const address = anonymizeAddress(client.address, keepsDetails ? "full" : "truncated");
    const { country, city } = place({ ...client, address }, request);
    return { ...described, country, city: keepsDetails ? city : null };
  }

  /** Returns the source of a page view with this address. */
  sourceOf({ client }: RequestWithClient, url: string, referrer: string | undefined): Source {
    const { ignoredReferrers } = this.options;
    return sourceOf({ url, referrer, ownHosts: this.#withRequestedHost(client.host), ignoredReferrers });
  }

  tenantOf({ request, client }: RequestWithClient): string | null {
    return this.options.tenant?.(client, request) ?? null;
  }

  /** Counts a document whose visit is not stored. */
  countDocument(kind: CountedKind, tenant: string | null): void {
    this.options.queue.count(kind, tenant);
  }

  /** Tracks an event. Returns false if a rate limit dropped it. */
  track(actor: EventActor, content: EventContent): boolean {
    const now = this.now();
    if (!this.#eventLimit.allows(actor.visitorId, actor.sessionId, now)) {
      this.countDocument("dropped", actor.tenant);
      return false;
    }
    this.options.queue.track(this.#eventOf(actor, content, now));
    return true;
  }

  /**
   * Tracks an order. Rate limits do not apply. Resolves when the order is in the sink or on disk, or after two
   * seconds.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` if the queue is full.
   */
  async trackOrder(actor: EventActor, content: EventContent & { readonly order: Order }): Promise<void> {
    const stored = this.options.queue.trackDurably(this.#eventOf(actor, content, this.now()));
    const late = Promise.withResolvers<void>();
    const cancel = this.options.schedule(ORDER_TIMEOUT, late.resolve);
    await Promise.race([stored, late.promise]).finally(cancel);
  }

  /**
   * Tracks the order of a converted session again, once in each process: the process that converted the session may
   * have exited before the event was stored. Sinks ignore orders that they have already stored.
   */
  trackOrderAgain(actor: EventActor, { id, tenant, conversion }: ConvertedSession): void {
    if (conversion === null || this.knownOrders.has(tenant, conversion.orderId)) return;
    const { at, ...order } = conversion;
    const now = this.now();
    if (now - at > MAX_LATENESS) return;
    this.knownOrders.rememberOrder(tenant, order, id);
    const content = {
      id: orderEventId(tenant, order.orderId),
      type: "order_completed",
      isKey: true,
      order,
      at,
    };
    this.options.queue
      .trackDurably(this.#eventOf(actor, { ...content, origin: "backend" }, now))
      .catch(() => this.knownOrders.forgetOrder(tenant, order.orderId));
  }

  /** Builds the event. Removes links to a person if the privacy mode forbids them. */
  #eventOf(actor: EventActor, content: EventContent, now: number): VisitEvent {
    const { linksVisitors } = this.rules;
    const at = content.at ?? now;
    const isOrder = content.order !== undefined && content.order !== null;
    return {
      id: content.id ?? this.newId(),
      type: content.type,
      at,
      receivedAt: Math.max(at, now),
      origin: isOrder && !linksVisitors ? "backend" : (content.origin ?? "browser"),
      visitorId: isOrder && !linksVisitors ? null : actor.visitorId,
      sessionId: linksVisitors ? actor.sessionId : null,
      subject: linksVisitors ? actor.subject : null,
      tenant: actor.tenant,
      page: isOrder && !linksVisitors ? null : (content.page ?? null),
      visibleTime: content.visibleTime ?? null,
      source: content.source ?? null,
      client: isOrder && !linksVisitors ? null : (content.client ?? null),
      isKey: content.isKey ?? false,
      order: content.order ?? null,
      properties: content.properties ?? {},
    };
  }

  /** Returns the host without its port. */
  hostWithoutPort(requested: string | null): string | null {
    this.#rememberRequestedHost(requested);
    return this.#lastHost;
  }

  /** Returns the application's own hosts, including the requested one. */
  #withRequestedHost(requested: string | null): readonly string[] {
    this.#rememberRequestedHost(requested);
    return this.#ownHosts;
  }

  #rememberRequestedHost(requested: string | null): void {
    if (requested === this.#requestedHost) return;
    const { ownHosts } = this.options;
    this.#requestedHost = requested;
    this.#lastHost = bareHost(requested);
    this.#ownHosts = this.#lastHost === null ? ownHosts : [this.#lastHost, ...ownHosts];
  }
}
