import type { AttachedVisit } from "../session/session-visit.ts";
import { isPage } from "./document.ts";
import { PageView } from "./page-view.ts";
import { type BeaconReceipt, receiveBeacon } from "./receive-beacon.ts";
import { SessionVisitHandle } from "./session-visit.ts";
import { TRACKER_SCRIPT } from "./tracker/script-text.ts";
import { type AttachedSession, VisitingRequest } from "./visiting-request.ts";
import { optInCookies, optOutCookies } from "./visitor-cookie.ts";

/** The visit of one request. Used by adapters and endpoints. */
export class RequestVisit extends VisitingRequest {
  /** The text of the page's script. */
  get script(): string {
    return TRACKER_SCRIPT;
  }

  /** Connects the session. Returns the object for the handler's `session.visit`. */
  attach(session: AttachedSession): AttachedVisit {
    this.sessionLoaded(session);
    return new SessionVisitHandle(this, session);
  }

  /**
   * Returns the page view of a response, with the cookies to set. Returns null if there is nothing to track and no
   * cookie to set.
   */
  respond(status: number, contentType: string | null): PageView | null {
    if (!this.collection.rules.collects) return null;
    const isDisplayed = isPage(status, contentType);
    const counted = this.countedKind();
    if (counted !== null) {
      if (isDisplayed)
        this.collection.countDocument(counted, this.collection.tenantOf(this.requestWithClient));
      return null;
    }
    return isDisplayed || this.hasTracked ? new PageView(this, isDisplayed) : null;
  }

  /** Tracks the events in the body of a beacon. Throws `VALIDATION_FAILED` with a path for each fault. */
  receive(session: AttachedSession, body: unknown): BeaconReceipt {
    this.repeatOrder(session);
    return receiveBeacon(this, session, body);
  }

  /** Stops the collection for this browser and deletes its visitor cookie. Returns the `Set-Cookie` values. */
  optOut(session: AttachedSession): readonly string[] {
    this.#endVisitor(session);
    return optOutCookies(this.requestWithClient.secure);
  }

  /** Allows the collection again. The next page view begins a new visitor. Returns the `Set-Cookie` values. */
  optIn(session: AttachedSession): readonly string[] {
    this.#endVisitor(session);
    return optInCookies(this.requestWithClient.secure);
  }

  #endVisitor(session: AttachedSession): void {
    const visitorId = session.record?.visitorId ?? null;
    if (visitorId !== null) this.collection.visits.forgetVisitor(visitorId);
    if (visitorId !== null || session.record?.visit) {
      session.recordVisit(() => ({ visitorId: null, visit: null }));
    }
  }
}
