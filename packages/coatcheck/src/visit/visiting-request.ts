import { randomUUID } from "node:crypto";
import type { SessionRecord } from "../session/record.ts";
import type { RecordedVisit, VisitChange } from "../session/recorded-visit.ts";
import type { Session } from "../session/session.ts";
import type { Collection, EventActor, RequestWithClient } from "./collection.ts";
import type { ActiveVisit } from "./current-visits.ts";
import type { DescribedClient } from "./described-client.ts";
import { isDocumentRequest, pathOf } from "./document.ts";
import type { CountedKind, EventClient, EventPage, Source } from "./event.ts";
import { newVisitorCookie, visitorIdOf } from "./visitor-cookie.ts";

/** The part of a session that visit tracking reads. */
export type VisitedSession = Pick<Session<unknown>, "id" | "subject" | "tenant" | "record" | "refusal">;

/** A session whose visit can be changed. */
export interface AttachedSession extends VisitedSession {
  changeVisit(change: VisitChange): Promise<void>;
  recordVisit(change: VisitChange): void;
}

/**
 * Holds the visitor, the page and the visit of a request. Each is computed on first access, because most requests are
 * not for a page.
 */
export class VisitingRequest {
  readonly isDocument: boolean;
  readonly collection: Collection;
  readonly requestWithClient: RequestWithClient;
  #describedClient: DescribedClient | null = null;
  #client: EventClient | null = null;
  #countedKind: CountedKind | null | undefined;
  #visitorId: string | null | undefined;
  #isNewVisitor = false;
  /** The visitor of the loaded session. */
  #sessionVisitorId: string | null = null;
  /** Whether an event was tracked. The visitor cookie must then be set even if the response is not a page. */
  hasTracked = false;
  #pageId: string | null = null;
  #source: Source | null = null;

  constructor(collection: Collection, requestWithClient: RequestWithClient) {
    this.collection = collection;
    this.requestWithClient = requestWithClient;
    const { request } = requestWithClient;
    this.isDocument = collection.rules.collects && isDocumentRequest(request, () => this.#describe().kind);
  }

  /** Returns whether the visitor's events are collected. */
  get collected(): boolean {
    return this.collection.rules.collects && this.countedKind() === null;
  }

  /**
   * Returns the visitor's id. A document request without a visitor cookie gets a new id, which is set as a cookie if
   * the response is a page.
   */
  get visitorId(): string | null {
    if (this.#visitorId === undefined) this.#visitorId = this.collected ? this.#findVisitor() : null;
    return this.#visitorId;
  }

  /** Returns the UUID v7 of the requested page; null if the request is not for a page. */
  get pageId(): string | null {
    if (!this.isDocument || !this.collected) return null;
    this.#pageId ??= this.collection.newId();
    return this.#pageId;
  }

  /** Returns fields for a session that this request creates. */
  get newSession(): { readonly visitorId?: string } {
    const { visitorId } = this;
    return this.collection.rules.linksVisitors && visitorId !== null ? { visitorId } : {};
  }

  /** Returns the traffic source that led to this page. */
  get source(): Source {
    const { request } = this.requestWithClient;
    this.#source ??= this.collection.sourceOf(this.requestWithClient, request.url, request.header("referer"));
    return this.#source;
  }

  /** Returns the client. Fields that the privacy mode forbids are null. */
  get client(): EventClient {
    this.#client ??= this.collection.withPlace(this.#describe().client, this.requestWithClient);
    return this.#client;
  }

  /** Returns the page of this request. If a page's script has sent the request, returns the script's page. */
  get page(): EventPage | null {
    const { request, client } = this.requestWithClient;
    const host = this.collection.hostWithoutPort(client.host);
    if (this.isDocument) return { id: this.pageId, host, path: pathOf(request.url), title: null };
    const referrer = URL.parse(request.header("referer") ?? "");
    if (referrer === null || referrer.hostname !== host) return null;
    return { id: null, host, path: pathOf(referrer.pathname), title: null };
  }

  /** Returns the visitor's open visit; null if there is none. */
  findOpenVisit(session: VisitedSession, now = this.collection.now()): ActiveVisit | null {
    const { visitorId } = this;
    if (visitorId === null) return null;
    const recorded = session.record?.visitorId === visitorId ? session.record.visit : null;
    return this.collection.visits.findOpenVisit(visitorId, recorded, now);
  }

  /** Returns the open visit. If this document begins a visit, returns the new visit. Null if there is neither. */
  visitOf(session: VisitedSession): RecordedVisit | null {
    return (
      this.findOpenVisit(session)?.visit ??
      (this.isDocument && this.visitorId !== null ? this.newVisit : null)
    );
  }

  /** Returns the visit that this document begins if no visit is open. */
  get newVisit(): RecordedVisit {
    const now = this.collection.now();
    const landingPage = pathOf(this.requestWithClient.request.url);
    return {
      id: this.pageId ?? this.collection.newId(),
      startedAt: now,
      lastActivityAt: now,
      landingPage,
      source: this.source,
    };
  }

  /** Returns the visitor, session and customer of this request's events. */
  actor(session: VisitedSession | null): EventActor {
    return {
      visitorId: this.visitorId,
      sessionId: session?.record ? session.id : null,
      subject: session?.subject ?? null,
      tenant: session?.tenant ?? this.collection.tenantOf(this.requestWithClient),
    };
  }

  /** Must be called once the request has loaded its session. */
  sessionLoaded(session: VisitedSession): void {
    this.#sessionVisitorId = session.record?.visitorId ?? null;
    this.repeatOrder(session);
  }

  /**
   * Tracks the order of a converted session, in case the process that converted it exited before the order was
   * tracked.
   */
  repeatOrder({ record }: VisitedSession): void {
    if (record === null || record.conversion === null || this.visitorId === null) return;
    const { id: sessionId, subject, tenant } = record;
    this.collection.trackOrderAgain({ visitorId: this.visitorId, sessionId, subject, tenant }, record);
  }

  /** Checks a page view for suspicious patterns. */
  watchForSuspicion({ id, client }: SessionRecord, isNewSession: boolean): void {
    const { suspicionWatch } = this.collection;
    const { request, client: address } = this.requestWithClient;
    if (isNewSession) suspicionWatch.onSessionCreated(address.address);
    else {
      const userAgent = request.header("user-agent");
      suspicionWatch.pageViewed(id, client, { userAgent, country: this.client.country });
    }
  }

  /** Returns the `Set-Cookie` values for a new visitor. */
  get cookies(): readonly string[] {
    const { visitorId } = this;
    if (!this.#isNewVisitor || visitorId === null) return [];
    return [newVisitorCookie(visitorId, this.requestWithClient.secure)];
  }

  /** Creates a visitor if the browser has none. Returns the visitor's id; null if nothing is collected. */
  requireVisitor(): string | null {
    if (this.visitorId !== null || !this.collected || !this.collection.rules.hasCookie) return this.visitorId;
    this.#isNewVisitor = true;
    this.#visitorId = randomUUID();
    return this.#visitorId;
  }

  /** Returns why the request is only counted; null if it is stored. */
  countedKind(): CountedKind | null {
    if (this.#countedKind === undefined) {
      this.#countedKind = this.collection.countedKindOf(
        this.requestWithClient.request,
        this.#describe().kind,
      );
    }
    return this.#countedKind;
  }

  #describe(): DescribedClient {
    this.#describedClient ??= this.collection.describeClient(this.requestWithClient.request);
    return this.#describedClient;
  }

  #findVisitor(): string | null {
    if (!this.collection.rules.hasCookie) return this.collection.dailyVisitorId(this.requestWithClient);
    const visitorId = visitorIdOf(this.requestWithClient.request.header("cookie"), this.#sessionVisitorId);
    if (visitorId !== null || !this.isDocument) return visitorId;
    this.#isNewVisitor = true;
    return randomUUID();
  }
}
