import type { Commit } from "../session/commit.ts";
import { CoatcheckError } from "../session/errors.ts";
import type { RefusalReason } from "../session/events.ts";
import type { Activity } from "../session/policy.ts";
import type { SessionRecord } from "../session/record.ts";
import { type MaybePromise, Session } from "../session/session.ts";
import type { Client } from "./client-address.ts";
import type { HttpSessions } from "./core.ts";
import { isSafeMethod } from "./csrf.ts";
import { type ErrorAnswer, errorAnswer } from "./error-answer.ts";
import { after, attempt } from "./maybe-promise.ts";
import {
  addVary,
  type HttpRequest,
  keepFromCaches,
  PRIVATE,
  type ResponseHead,
  setCookies,
} from "./message.ts";
import type { LoadOptions } from "./options.ts";
import { type Presented, presentedBy } from "./presented.ts";
import { refusalError } from "./refusal-error.ts";

/**
 * The session of one request: nothing is read until {@link load} is asked, and what becomes of it decides the
 * response's headers in one place, {@link commit}.
 */
export class RequestSession<Data> {
  readonly #http: HttpSessions<Data>;
  readonly #request: HttpRequest;
  readonly #onLoad: (() => boolean) | undefined;
  #presented: Presented | null = null;
  #loading: MaybePromise<Session<Data>> | null = null;
  #session: Session<Data> | null = null;
  /** The token that opened the session; null when none did. */
  #opener: string | null = null;
  #outage: CoatcheckError | null = null;
  #isCommitted = false;
  #loadTime = 0;

  constructor(http: HttpSessions<Data>, request: HttpRequest, onLoad?: () => boolean) {
    this.#http = http;
    this.#request = request;
    this.#onLoad = onLoad;
  }

  /** The same request asked anew, for an answer that goes on for longer than its session may. It has no response. */
  reopen(): RequestSession<Data> {
    return new RequestSession(this.#http, this.#request);
  }

  /** Who sent the request, as far as the trusted proxies can tell. */
  get client(): Client {
    return this.#http.clients.of(this.#request);
  }

  /**
   * The request's session; for a visitor of whom nothing is known, one that is stored with its first change. A copy
   * held in this process answers synchronously. Ask before headers are out: a session that is loaded later can be
   * read, and its data saved; what makes a new token throws `CONFLICT`.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` when the store does not answer and the outage policy is `closed`.
   */
  load(options: LoadOptions = {}): MaybePromise<Session<Data>> {
    if (this.#loading !== null) return this.#loading;
    if (this.#onLoad?.() === false) this.#isCommitted = true;
    const began = this.#http.options.serverTiming ? performance.now() : 0;
    this.#loading = attempt(
      () => this.#resume(options),
      (session) => this.#loaded(session, began),
      (error) => this.#unavailable(error, options, began),
    );
    return this.#loading;
  }

  /** The session, if one is stored. Throws `SESSION_REQUIRED`, `SESSION_EXPIRED`, `SESSION_REVOKED`, or `CONFLICT`. */
  requireSession(): MaybePromise<Session<Data>> {
    return after(this.load(), (session) => {
      if (session.record === null) throw this.#outage ?? refusalError(session.refusal);
      return session;
    });
  }

  /** The session, if somebody is logged in. Throws as {@link requireSession}. */
  requireSubject(): MaybePromise<Session<Data>> {
    return after(this.requireSession(), (session) => {
      if (session.subject === null) throw refusalError(null);
      return session;
    });
  }

  /** The session, if its holder has lately proved again who they are. Also throws `REAUTHENTICATION_REQUIRED`. */
  requireElevated(scope: string): MaybePromise<Session<Data>> {
    return after(this.requireSubject(), (session) => {
      session.requireElevated(scope);
      return session;
    });
  }

  /**
   * Decides before the handler whether the request may go on. Requests with a bearer token pass: no browser adds one
   * by itself.
   *
   * @throws CoatcheckError `FORBIDDEN` when another origin sent it, `CSRF_MISSING` and `CSRF_INVALID` for the token.
   */
  admit(): MaybePromise<void> {
    const { method } = this.#request;
    const { crossOrigin, csrfTokenPolicy } = this.#http;
    if (crossOrigin === null || isSafeMethod(method) || this.#present().transport === "bearer") return;
    const allowed = crossOrigin.allows({
      method,
      secFetchSite: this.#request.header("sec-fetch-site"),
      origin: this.#request.header("origin"),
      host: this.client.host ?? undefined,
    });
    if (!allowed) throw new CoatcheckError("FORBIDDEN", "This request comes from another site.");

    const token = this.#request.header("x-csrf-token");
    if (csrfTokenPolicy === "off" || this.#isInit()) return;
    if (csrfTokenPolicy === "offered" && token === undefined) return;
    return after(this.load(), ({ record }) => {
      if (record !== null) this.#http.csrfTokens.verify(record, token);
    });
  }

  /**
   * Writes what is pending and puts onto `head` what the response has to say of the session. Headers must not leave
   * before it has resolved. The second call does nothing.
   */
  commit(head: ResponseHead): MaybePromise<void> {
    if (this.#isCommitted) return;
    this.#isCommitted = true;
    if (this.#loading === null) return;
    this.#markAsPrivate(head);
    const session = this.#session;
    if (session === null || (this.#outage && session.record === null)) return;
    return after(session.commit(), (commit) => this.#tell(head, commit));
  }

  /** The answer that replaces the response when {@link commit} failed. It has no cookie: nobody is logged out by it. */
  failed(error: unknown): ErrorAnswer {
    this.#http.options.onCommitFailure?.(error);
    return errorAnswer(error);
  }

  /** Bearer header, else each cookie of the name in turn: the first that opens a session is the one. */
  #resume(options: LoadOptions): MaybePromise<Session<Data>> {
    const activity = options.activity ?? this.#http.options.activity?.(this.#request) ?? "user";
    return this.#tryFrom(0, activity, null, options);
  }

  #tryFrom(
    index: number,
    activity: Activity,
    refusal: RefusalReason | null,
    options: LoadOptions,
  ): MaybePromise<Session<Data>> {
    const token = this.#present().tokens[index];
    if (token === undefined) return this.#begin(refusal, options);
    return after(this.#http.manager.resume(token, activity), (found) => {
      if (found instanceof Session) {
        this.#opener = token;
        return found;
      }
      // A superseded token among others means that the browser is being given a newer one at this moment.
      const counts = refusal === null || found.refusal === "superseded";
      return this.#tryFrom(index + 1, activity, counts ? found.refusal : refusal, options);
    });
  }

  #begin(refusal: RefusalReason | null, load: LoadOptions): Session<Data> {
    const { manager, options } = this.#http;
    const birth = () => ({ ...options.birth?.(this.client, this.#request), ...load.birth });
    return manager.begin(birth, refusal);
  }

  #loaded(session: Session<Data>, began: number): MaybePromise<Session<Data>> {
    this.#session = session;
    if (began > 0) this.#loadTime = performance.now() - began;
    // The headers are out: the session must know, so that it makes no token which could reach nobody.
    return this.#isCommitted ? after(session.commit(), () => session) : session;
  }

  #unavailable(error: unknown, options: LoadOptions, began: number): MaybePromise<Session<Data>> {
    const policy = options.outage ?? this.#http.options.outage ?? "closed";
    if (policy === "closed" || !(error instanceof CoatcheckError)) throw error;
    this.#outage = error;
    if (policy === "anonymous") return this.#loaded(this.#begin("unavailable", options), began);
    const session = this.#degraded(policy.degraded.maxAge);
    if (session === null) throw error;
    return this.#loaded(session, began);
  }

  #degraded(maxAge: number): Session<Data> | null {
    for (const token of this.#present().tokens) {
      const session = this.#http.manager.resumeDegraded(token, maxAge);
      if (session === null) continue;
      this.#opener = token;
      return session;
    }
    return null;
  }

  /** Whatever depends on a session must reach no cache that others read. */
  #markAsPrivate(head: ResponseHead): void {
    if (!head.get("cache-control")) head.set("cache-control", PRIVATE);
    addVary(head, "Cookie");
    if (this.#present().transport === "bearer") addVary(head, "Authorization");
    if (this.#http.options.serverTiming && this.#session) {
      const tier = this.#session.tier;
      head.append(
        "server-timing",
        `session${tier ? `;desc="${tier}"` : ""};dur=${this.#loadTime.toFixed(2)}`,
      );
    }
  }

  /** The one switch from what became of the session to the headers that say so. */
  #tell(head: ResponseHead, { state, token, record }: Commit): MaybePromise<void> {
    switch (state) {
      case "unchanged":
      case "touched":
      case "changed":
        if (record && this.#duplicateClears().length > 0) return this.#tidy(head, record);
        break;
      case "rotated":
        if (record && token) this.#handOut(head, token, record);
        break;
      case "revoked":
        // A request whose token opened nothing may be a late one: the browser may have a newer cookie by now.
        if (this.#opener !== null) this.#forget(head);
        return;
    }
    if (record) this.#offerCsrfToken(head, record);
  }

  /**
   * With several cookies of the name, the one that opened the session stays, at the place where it belongs; unless it
   * opens nothing any more, when the browser has been given a newer one meanwhile.
   */
  #tidy(head: ResponseHead, record: SessionRecord): MaybePromise<void> {
    const opener = this.#opener ?? "";
    return attempt(
      () => this.#http.manager.resume(opener, "none"),
      (found) => {
        if (!(found instanceof Session)) return;
        this.#handOut(head, opener, record);
        this.#offerCsrfToken(head, record);
      },
      () => {},
    );
  }

  #handOut(head: ResponseHead, token: string, record: SessionRecord): void {
    if (this.#present().transport === "bearer") {
      keepFromCaches(head);
      head.set("x-session-token", token);
      return;
    }
    setCookies(head, [...this.#duplicateClears(), this.#http.cookie.set(token, cookieAge(record))]);
  }

  #duplicateClears(): readonly string[] {
    const { transport, tokens } = this.#present();
    if (transport === "bearer" || tokens.length < 2) return [];
    return this.#http.cookie.clearElsewhere(this.client.host, this.#request.url);
  }

  /** Logged out: ASVS 5.0 14.3.1. */
  #forget(head: ResponseHead): void {
    const { cookie, csrfCookie, csrfTokenPolicy, clearSiteData } = this.#http;
    keepFromCaches(head);
    if (clearSiteData !== "") head.set("clear-site-data", clearSiteData);
    if (this.#present().transport === "bearer") return;
    setCookies(head, [...this.#duplicateClears(), cookie.clear()]);
    if (csrfTokenPolicy !== "off") setCookies(head, [csrfCookie.clear()]);
  }

  #offerCsrfToken(head: ResponseHead, record: SessionRecord): void {
    const { csrfTokenPolicy, csrfTokens, csrfCookie } = this.#http;
    if (csrfTokenPolicy === "off" || this.#present().transport === "bearer") return;
    const token = csrfTokens.issue(record);
    const held = csrfCookie.read(this.#request.header("cookie"));
    if (held.length === 1 && held[0] === token) return;
    setCookies(head, [csrfCookie.set(token, cookieAge(record))]);
  }

  #isInit(): boolean {
    const { method, url } = this.#request;
    return method === "POST" && url.split("?", 1)[0] === this.#http.csrfInitPath;
  }

  #present(): Presented {
    this.#presented ??= presentedBy(this.#request, this.#http.cookie);
    return this.#presented;
  }
}

/** A login that is to be remembered outlives the browser, until its absolute timeout; seconds. */
function cookieAge(record: SessionRecord): number | undefined {
  if (!record.remembered) return undefined;
  return (record.expiresAt - Math.max(record.lastSeenAt, record.rotatedAt)) / 1000;
}
