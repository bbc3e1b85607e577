import { randomUUID } from "node:crypto";
import type { SessionRecord } from "../session/record.ts";
import type { RecordedVisit, VisitChange } from "../session/recorded-visit.ts";
import type { Session } from "../session/session.ts";
import type { Actor, Collection, RequestWithClient } from "./collection.ts";
import type { ActiveVisit } from "./current-visits.ts";
import type { DescribedClient } from "./described-client.ts";
import { isDocumentRequest, pathOf } from "./document.ts";
import type { CountedKind, EventClient, EventPage, Source } from "./event.ts";
import { newVisitorCookie, visitorIdOf } from "./visitor-cookie.ts";

/** The part of a session that a visit reads. */
export type VisitedSession = Pick<Session<unknown>, "id" | "subject" | "tenant" | "record" | "refusal">;

/** A session whose visit can be changed. */
export interface AttachedSession extends VisitedSession {
  changeVisit(change: VisitChange): Promise<void>;
  recordVisit(change: VisitChange): void;
}

/**
 * The visitor, the page and the visit of a request. Each is computed when it is first read, because most requests are
 * not for a page.
 */
export class VisitingRequest {
  readonly isDocument: boolean;
  readonly collection: Collection;
  readonly visiting: RequestWithClient;
  #described: DescribedClient | null = null;
  #client: EventClient | null = null;
  #countedAs: CountedKind | null | undefined;
  #visitorId: string | null | undefined;
  #isNewVisitor = false;
  /** The visitor of the loaded session. */
  #expected: string | null = null;
  /** Whether an event was tracked, so that the visitor must be kept whatever the response is. */
  hasTracked = false;
  #pageId: string | null = null;
  #source: Source | null = null;

  constructor(collection: Collection, visiting: RequestWithClient) {
    this.collection = collection;
    this.visiting = visiting;
    const { request } = visiting;
    this.isDocument = collection.rules.collects && isDocumentRequest(request, () => this.#describe().kind);
  }

  /** Whether the visitor's events are collected. */
  get collected(): boolean {
    return this.collection.rules.collects && this.counted() === null;
  }

  /** The visitor's id. A document of a browser without one gets an id, which its cookie keeps if the page is shown. */
  get visitorId(): string | null {
    if (this.#visitorId === undefined) this.#visitorId = this.collected ? this.#findVisitor() : null;
    return this.#visitorId;
  }

  /** The id of the page that this request is for: UUID v7; null for any other request. */
  get pageId(): string | null {
    if (!this.isDocument || !this.collected) return null;
    this.#pageId ??= this.collection.newId();
    return this.#pageId;
  }

  /** Fields for a session that this request creates. */
  get newSession(): { readonly visitorId?: string } {
    const { visitorId } = this;
    return this.collection.rules.linksVisitors && visitorId !== null ? { visitorId } : {};
  }

  /** Where this page comes from. */
  get source(): Source {
    const { request } = this.visiting;
    this.#source ??= this.collection.sourceOf(this.visiting, request.url, request.header("referer"));
    return this.#source;
  }

  /** The client, as far as the privacy mode keeps it. */
  get client(): EventClient {
    this.#client ??= this.collection.placed(this.#describe().client, this.visiting);
    return this.#client;
  }

  /** The page of this request; for a request of a page's script, the page that sent it. */
  get page(): EventPage | null {
    const { request, client } = this.visiting;
    const host = this.collection.hostOf(client.host);
    if (this.isDocument) return { id: this.pageId, host, path: pathOf(request.url), title: null };
    const referrer = URL.parse(request.header("referer") ?? "");
    if (referrer === null || referrer.hostname !== host) return null;
    return { id: null, host, path: pathOf(referrer.pathname), title: null };
  }

  /** The visitor's open visit; null without one. */
  openVisit(session: VisitedSession, now = this.collection.now()): ActiveVisit | null {
    const { visitorId } = this;
    if (visitorId === null) return null;
    const recorded = session.record?.visitorId === visitorId ? session.record.visit : null;
    return this.collection.visits.find(visitorId, recorded, now);
  }

  /** The open visit; for a document that begins one, the visit that it will be. Null without a visit. */
  visitOf(session: VisitedSession): RecordedVisit | null {
    return this.openVisit(session)?.visit ?? (this.isDocument && this.visitorId !== null ? this.begun : null);
  }

  /** The visit that this document begins if none is open. */
  get begun(): RecordedVisit {
    const now = this.collection.now();
    const landingPage = pathOf(this.visiting.request.url);
    return {
      id: this.pageId ?? this.collection.newId(),
      startedAt: now,
      lastActivityAt: now,
      landingPage,
      source: this.source,
    };
  }

  /** The visitor or session that causes the events of this request. */
  actor(session: VisitedSession | null): Actor {
    return {
      visitorId: this.visitorId,
      sessionId: session?.record ? session.id : null,
      subject: session?.subject ?? null,
      tenant: session?.tenant ?? this.collection.tenantOf(this.visiting),
    };
  }

  /** Notes the session that the request has loaded. */
  sessionLoaded(session: VisitedSession): void {
    this.#expected = session.record?.visitorId ?? null;
    this.repeatOrder(session);
  }

  /** Tracks the order that the session is marked with, if the process that marked it has not. */
  repeatOrder({ record }: VisitedSession): void {
    if (record === null || record.conversion === null || this.visitorId === null) return;
    const { id: sessionId, subject, tenant } = record;
    this.collection.repeatOrder({ visitorId: this.visitorId, sessionId, subject, tenant }, record);
  }

  /** Looks for suspicious patterns in a page view. */
  watch({ id, client }: SessionRecord, isNewSession: boolean): void {
    const { suspicion } = this.collection;
    const { request, client: address } = this.visiting;
    if (isNewSession) suspicion.sessionCreated(address.address);
    else {
      const userAgent = request.header("user-agent");
      suspicion.pageViewed(id, client, { userAgent, country: this.client.country });
    }
  }

  /** The `Set-Cookie` values of a new visitor. */
  get cookies(): readonly string[] {
    const { visitorId } = this;
    if (!this.#isNewVisitor || visitorId === null) return [];
    return [newVisitorCookie(visitorId, this.visiting.secure)];
  }

  /** Creates a visitor for a browser that has none yet. Returns the id; null when nothing is collected. */
  requireVisitor(): string | null {
    if (this.visitorId !== null || !this.collected || !this.collection.rules.hasCookie) return this.visitorId;
    this.#isNewVisitor = true;
    this.#visitorId = randomUUID();
    return this.#visitorId;
  }

  /** Why the request is counted and not stored; null if it is stored. */
  counted(): CountedKind | null {
    if (this.#countedAs === undefined) {
      this.#countedAs = this.collection.countedAs(this.visiting.request, this.#describe().kind);
    }
    return this.#countedAs;
  }

  #describe(): DescribedClient {
    this.#described ??= this.collection.describe(this.visiting.request);
    return this.#described;
  }

  #findVisitor(): string | null {
    if (!this.collection.rules.hasCookie) return this.collection.dailyVisitor(this.visiting);
    const visitorId = visitorIdOf(this.visiting.request.header("cookie"), this.#expected);
    if (visitorId !== null || !this.isDocument) return visitorId;
    this.#isNewVisitor = true;
    return randomUUID();
  }
}
