import type { VisitChange } from "../session/recorded-visit.ts";
import type { Session } from "../session/session.ts";
import type { AttachedVisit } from "../session/session-visit.ts";
import type { Client } from "./client-address.ts";
import type { HttpRequest } from "./message.ts";

/** The parts of a request that a {@link VisitCollector} reads. */
export interface VisitRequest {
  readonly request: HttpRequest;
  /** The client's address, protocol and host, as reported by the trusted proxies. */
  readonly client: Client;
  /** Whether the site is https, so that cookies are `Secure`. */
  readonly secure: boolean;
}

/** Collects visits. `createVisits` of `coatcheck/visit` implements it. */
export interface VisitCollector {
  /** Decides whether to collect a request's visit. Called once per request, before the handler. */
  open(request: VisitRequest): RequestVisit;
}

/** The part of a session that a visit reads. */
export type VisitedSession = Pick<Session<unknown>, "id" | "subject" | "tenant" | "record" | "refusal">;

/** A session whose visit can be changed. */
export interface AttachedSession extends VisitedSession {
  changeVisit(change: VisitChange): Promise<void>;
  recordVisit(change: VisitChange): void;
}

/** The visit of one request. */
export interface RequestVisit {
  /** Whether the visitor's events are collected. */
  readonly collected: boolean;
  /** The visitor's id; null when nothing is collected, and for a browser that has viewed no page yet. */
  readonly visitorId: string | null;
  /**
   * The id of the page view, for a request for a page; null for any other request. Print it in the page as `<meta
   * name="coatcheck-page" content="…">`, so that the page's script does not count the page again.
   */
  readonly pageId: string | null;
  /** Whether the request is for a document. Its response then decides whether it was a page view. */
  readonly isDocument: boolean;
  /** The source of the script that pages include to report events, for applications without a bundler. */
  readonly script: string;
  /** Fields for a session that this request creates. */
  readonly newSession: { readonly visitorId?: string };
  /** Returns the object for the handler's `session.visit`. */
  attach(session: AttachedSession): AttachedVisit;
  /**
   * Decides from the response to a document request whether a person has viewed a page. A page that another client,
   * such as a bot, has requested is only counted.
   *
   * @returns the page view; null if it was none.
   */
  respond(status: number, contentType: string | null): PageView | null;
  /**
   * Accepts the body of a beacon.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault.
   */
  receive(session: AttachedSession, body: unknown): BeaconReceipt;
  /** Stops the collection for this browser and deletes its visitor id. Returns the `Set-Cookie` values. */
  optOut(session: AttachedSession): readonly string[];
  /** Allows the collection again. The next page view creates a new visitor id. Returns the `Set-Cookie` values. */
  optIn(session: AttachedSession): readonly string[];
}

/** The values for the response to a beacon. */
export interface BeaconReceipt {
  /** How many events were accepted. */
  readonly accepted: number;
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
}

/** A page that a person has viewed. */
export interface PageView {
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
  /**
   * Returns the change to store in the session; null if nothing changes. If a visitor's new session is not stored yet,
   * the change causes it to be stored.
   */
  changeOf(session: VisitedSession): VisitChange | null;
  /** Tracks the page view as an event, after the session has been stored. */
  track(session: VisitedSession | null): void;
}
