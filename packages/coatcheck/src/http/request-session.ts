import type { Commit } from "../session/commit.ts";
import { CoatcheckError } from "../session/errors.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";
import { andThen, attempt } from "../session/maybe-promise.ts";
import type { AuthenticatedSession, StoredSession } from "../session/narrowed.ts";
import { INSPECT_METHOD, type InspectFunction } from "../session/plain-session.ts";
import { type Activity, requireActivity } from "../session/policy.ts";
import { refuseAssignments, refuseReads } from "../session/refuse-assignments.ts";
import type { Refusal } from "../session/resumer.ts";
import { Session } from "../session/session.ts";
import { shareBetweenCopies } from "../session/shared-class.ts";
import { refusalError } from "../session/token-errors.ts";
import type { Client } from "./client-address.ts";
import { userAgentInfo } from "./client-info.ts";
import { commitFailureResponse } from "./commit-failure.ts";
import { addServerTiming, markAsPrivate, setCommitHeaders } from "./commit-headers.ts";
import { csrfTokenOf, type ReadParsedForm } from "./csrf-form.ts";
import type { ErrorResponse } from "./error-response.ts";
import type { JwtIdentity } from "./jwt-verifier.ts";
import { type HttpRequest, type ResponseHeaders, setCookies } from "./message.ts";
import { openVisit } from "./open-visit.ts";
import { type LoadOptions, NO_LOAD_OPTIONS, requireLoadOptions } from "./options.ts";
import { isPrefetch } from "./prefetch.ts";
import { RequestCredentials } from "./request-credentials.ts";
import type { HttpContext } from "./resolved.ts";
import { sessionlessRequestError } from "./sessionless.ts";
import type { PageView, RequestVisit } from "./visits.ts";
import { couldWithholdCookie } from "./withheld-cookie.ts";

/**
 * The session handle of one request. Reads nothing until {@link load} is called. Only {@link commit} sets response
 * headers.
 */
export class RequestSession<Data> {
  readonly #http: HttpContext<Data>;
  readonly #request: HttpRequest;
  readonly #onLoad: (() => boolean) | undefined;
  readonly #credentials: RequestCredentials<Data>;
  readonly #isSessionless: boolean;
  #loadingSession: MaybePromise<Session<Data>> | null = null;
  #session: Session<Data> | null = null;
  /** False if the request's token belongs to a session that was never logged in. */
  #wasLoggedIn = true;
  #outage: CoatcheckError | null = null;
  #isCommitted = false;
  #isDeferred = false;
  #loadTime = 0;
  readonly #visit: RequestVisit | null;

  constructor(http: HttpContext<Data>, request: HttpRequest, onLoad?: () => boolean) {
    this.#http = http;
    this.#request = request;
    this.#onLoad = onLoad;
    this.#credentials = new RequestCredentials(http, request);
    this.#isSessionless = http.options.sessionless?.(request) === true;
    this.#visit = this.#isSessionless ? null : openVisit(http, request);
    if (this.#visit?.isDocument) this.#deferHeaders();
  }

  /** The visit of this request; null unless the option `visits` collects them. */
  get visit(): RequestVisit | null {
    return this.#visit;
  }

  /** The client's address, protocol and host, as reported by the trusted proxies. */
  get client(): Client {
    return this.#http.clientAddress.resolve(this.#request);
  }

  /** The id of the request's visitor; null without a visitor, and if no visits are collected. */
  get visitorId(): string | null {
    return this.visit?.visitorId ?? null;
  }

  /**
   * Loads the request's session. A new visitor receives a session that is stored when it first changes. A hit in this
   * process's cache returns synchronously. Later calls return the same session and ignore their options.
   *
   * Load the session before the response headers are sent. A session that is loaded later can be read and its data can
   * be saved, but every operation that issues a new token throws `CONFLICT`.
   *
   * @throws UsageError for an unknown option, and for a request that the option `sessionless` selects.
   * @throws CoatcheckError the errors of {@link requireJwt} for a request with a JWT; `STORE_UNAVAILABLE` when the
   *   store does not respond and the outage policy is `closed`, or is `degraded` and no recent copy is cached.
   */
  load(options: LoadOptions = NO_LOAD_OPTIONS): MaybePromise<Session<Data>> {
    if (this.#loadingSession !== null) return this.#loadingSession;
    if (options !== NO_LOAD_OPTIONS) requireLoadOptions(options);
    if (this.#isSessionless) throw sessionlessRequestError();
    this.#deferHeaders();
    const startedAt = this.#http.options.serverTiming ? performance.now() : 0;
    this.#loadingSession = attempt(
      () => this.#resumeSession(options),
      (session) => this.#adoptSession(session, startedAt),
      (error) => this.#handleOutage(error, options, startedAt),
    );
    return this.#loadingSession;
  }

  /**
   * Loads the session and requires that it is stored.
   *
   * @throws CoatcheckError `SESSION_REQUIRED` for a visitor without a session; `SESSION_REVOKED` or `SESSION_EXPIRED`
   *   when the session has ended (`SESSION_NOT_FOUND` if it has expired and was never logged in); `CONFLICT` for a
   *   token that a newer one has replaced; and the errors of {@link load}.
   */
  requireSession(): MaybePromise<StoredSession<Data>> {
    return andThen(this.load(), (session) => {
      if (session.record === null) throw this.#outage ?? refusalError(session.refusal, this.#wasLoggedIn);
      return session as StoredSession<Data>;
    });
  }

  /**
   * Loads the session and requires that it is logged in: its `subject` is a string. Throws the same errors as {@link
   * requireSession}, except that every session that was never logged in causes `SESSION_REQUIRED`.
   */
  requireSubject(): MaybePromise<AuthenticatedSession<Data>> {
    return andThen(this.load(), (session) => {
      if (session.subject !== null) return session as AuthenticatedSession<Data>;
      const wasAnonymous = session.refusal === "expired" && !this.#wasLoggedIn;
      if (session.record !== null || wasAnonymous) throw refusalError(null);
      throw this.#outage ?? refusalError(session.refusal, this.#wasLoggedIn);
    });
  }

  /**
   * Loads the session and requires a current elevation for `scope`. Throws the same errors as {@link requireSubject}.
   *
   * @throws CoatcheckError `REAUTHENTICATION_REQUIRED` without a current elevation.
   */
  requireElevated(scope: string): MaybePromise<AuthenticatedSession<Data>> {
    return andThen(this.requireSubject(), (session) => {
      session.requireElevated(scope);
      return session;
    });
  }

  /**
   * Verifies the request's JWT, without loading the session. Returns null for a request without a JWT, and if the
   * option `jwt` is not set. Throws the same errors as {@link requireJwt}, but not `SESSION_REQUIRED`.
   */
  async jwt(): Promise<JwtIdentity | null> {
    return await this.#credentials.jwt();
  }

  /**
   * Verifies the request's JWT; a request without a JWT is rejected. Does not load the session, for routes that need
   * none.
   *
   * @throws CoatcheckError `SESSION_REQUIRED` without a JWT, `JWT_INVALID`, `JWT_EXPIRED`, `SESSION_REVOKED`, and
   *   `STORE_UNAVAILABLE`.
   */
  async requireJwt(): Promise<JwtIdentity> {
    return await this.#credentials.requireJwt();
  }

  /**
   * Runs the CSRF checks, before the handler. A request with a bearer token passes, because a browser never adds one by
   * itself.
   *
   * @param form returns the parsed body, for the field `csrf_token` of a form. Called only if the application uses
   *   tokens and the request has no header `x-csrf-token`.
   * @throws CoatcheckError `FORBIDDEN` for a cross-origin request, `CSRF_MISSING` and `CSRF_INVALID` for the token.
   */
  checkCsrf(form?: ReadParsedForm): MaybePromise<void> {
    this.checkOrigin();
    return this.checkCsrfToken(form);
  }

  /**
   * The first part of {@link checkCsrf}: the cross-origin check. For frameworks that parse the body later. Throws
   * `FORBIDDEN`.
   */
  checkOrigin(): void {
    if (this.#needsCsrfCheck()) this.#http.csrf.requireSameOrigin(this.#request, this.client.host);
  }

  /**
   * The second part of {@link checkCsrf}: checks the CSRF token. Call it after the body has been parsed. Throws
   * `CSRF_MISSING` and `CSRF_INVALID`.
   */
  checkCsrfToken(form?: ReadParsedForm): MaybePromise<void> {
    const { csrf } = this.#http;
    if (!this.#needsCsrfCheck() || this.#isSessionless || !csrf.needsTokenCheck(this.#request)) return;
    return andThen(csrfTokenOf(this.#request, form), (sent) => {
      if (sent.token === undefined && !csrf.requiresToken) return;
      return andThen(this.load(), ({ record }) => {
        if (record !== null) csrf.verifyToken(this.#request, record, sent, this.client.host);
      });
    });
  }

  /**
   * Returns the CSRF token for the hidden field `csrf_token` of a form, for applications with the option `csrf.token`.
   * The token of a visitor without a stored session stays valid when the session is stored later, by this request or by
   * another tab, until a login.
   */
  csrfToken(): MaybePromise<string> {
    return andThen(this.load(), (session) => this.#http.csrf.formTokenOf(session));
  }

  #needsCsrfCheck(): boolean {
    return this.#http.csrf.needsCheck(this.#request) && this.#credentials.presented.transport === "cookie";
  }

  /**
   * Saves pending changes and sets the response headers of the session, such as `Set-Cookie`. The response headers must
   * not be sent before this resolves. A second call does nothing.
   *
   * @param status the status of the response.
   * @throws CoatcheckError when the changes cannot be saved. Send the response that {@link failed} returns instead.
   *   UsageError inside the function that is passed to `update()`, because the commit would wait for that function.
   */
  commit(headers: ResponseHeaders, status = 200): MaybePromise<void> {
    if (this.#isCommitted) return;
    if (this.#loadingSession !== null) markAsPrivate(headers, this.#credentials.presented.transport);
    if (this.#session && this.#http.options.serverTiming)
      addServerTiming(headers, this.#session.tier, this.#loadTime);
    const view = this.visit?.isDocument ? this.visit.respond(status, headers.get("content-type")) : null;
    return view === null ? this.#commitSession(headers) : this.#commitView(view, headers);
  }

  /**
   * Stores the page view together with the session's changes. The page view is tracked even if the session cannot be
   * read.
   */
  #commitView(view: PageView, headers: ResponseHeaders): MaybePromise<void> {
    return attempt(
      // Use the loaded session if there is one, because a promise would delay the headers.
      () => this.#session ?? this.load(),
      (session) => this.#storeView(view, headers, session),
      () => this.#storeView(view, headers, null),
    );
  }

  #storeView(view: PageView, headers: ResponseHeaders, session: Session<Data> | null): MaybePromise<void> {
    const change = session && view.changeOf(session);
    if (change) session.recordVisit(change);
    return andThen(this.#commitSession(headers), () => {
      if (view.cookies.length > 0) setCookies(headers, view.cookies);
      view.track(session);
    });
  }

  #commitSession(headers: ResponseHeaders): MaybePromise<void> {
    const commit = this.#session?.commit(this.#http.options.onCommitFailure) ?? null;
    // Set this after the call, which throws inside the function that is passed to `update()`. In that case, the
    // adapter's later call must still commit.
    this.#isCommitted = true;
    if (commit !== null) return andThen(commit, (result) => this.#setHeaders(headers, result));
  }

  /**
   * Returns the error response to send when {@link commit} failed. It sets no cookie, so it does not log the user out.
   */
  failed(error: unknown): ErrorResponse {
    return commitFailureResponse(error, this.#http);
  }

  [INSPECT_METHOD](_depth: number, options: object, inspect: InspectFunction): string {
    return `RequestSession ${inspect({ session: this.#session }, options)}`;
  }

  /**
   * Makes the adapter commit before it sends the response headers. If it has already sent them, {@link commit} does
   * nothing.
   */
  #deferHeaders(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    if (this.#onLoad?.() === false) this.#isCommitted = true;
  }

  /** Tries each token of the request in turn, and uses the first one that opens a session. */
  #resumeSession(options: LoadOptions): MaybePromise<Session<Data>> {
    const activity = options.activity ?? this.#http.options.activity?.(this.#request) ?? "user";
    requireActivity("result of the option activity", activity);
    if (this.#credentials.presented.jwt !== null) return this.#credentials.openByJwt(activity);
    return this.#tryTokensFrom(0, activity, null, options);
  }

  #tryTokensFrom(
    index: number,
    activity: Activity,
    refused: Refusal | null,
    options: LoadOptions,
  ): MaybePromise<Session<Data>> {
    const token = this.#credentials.presented.tokens[index];
    if (token === undefined) return this.#beginSession(refused, options);
    return andThen(this.#http.manager.resume(token, activity, this.#credentials.client), (found) => {
      if (found instanceof Session) return found;
      // A refusal because the token was replaced ("superseded") takes precedence over other refusals, because the
      // browser is about to receive the newer token in another response.
      const counts = refused === null || found.refusal === "superseded";
      if (counts) this.#wasLoggedIn = found.wasLoggedIn ?? true;
      return this.#tryTokensFrom(index + 1, activity, counts ? found : refused, options);
    });
  }

  #beginSession(refused: Refusal | null, load: LoadOptions): Session<Data> {
    const { manager, options, cookie } = this.#http;
    const isFirstCookie = refused === null && this.#credentials.presented.transport === "cookie";
    const isWithheld = isFirstCookie && couldWithholdCookie(cookie.sameSite, this.#request, this.client.host);
    const newSession = () => ({
      client: userAgentInfo(this.#request),
      ...this.visit?.newSession,
      ...options.newSession?.(this.client, this.#request),
      ...load.newSession,
    });
    const refusal: Refusal | null = isWithheld ? { refusal: "withheld" } : refused;
    return manager.begin(newSession, refusal, this.#credentials.client);
  }

  #adoptSession(session: Session<Data>, startedAt: number): MaybePromise<Session<Data>> {
    this.#session = session;
    session.isPrefetch = isPrefetch(this.#request);
    if (this.visit) session.attachVisit(this.visit.attach(session));
    session.duplicateTokens = this.#credentials.duplicateTokens;
    if (startedAt > 0) this.#loadTime = performance.now() - startedAt;
    // If the headers have been sent, commit now. After the commit the session refuses to issue new tokens, because no
    // response header could contain them.
    return this.#isCommitted
      ? andThen(session.commit(this.#http.options.onCommitFailure), () => session)
      : session;
  }

  #handleOutage(error: unknown, options: LoadOptions, startedAt: number): MaybePromise<Session<Data>> {
    const policy = options.outage ?? this.#http.options.outage ?? "closed";
    if (policy === "closed" || !(error instanceof CoatcheckError) || error.status < 500) throw error;
    this.#outage = error;
    if (policy === "anonymous")
      return this.#adoptSession(this.#beginSession({ refusal: "unavailable" }, options), startedAt);
    return this.#adoptSession(this.#openDegraded(policy.degraded.maxAge, error), startedAt);
  }

  /** Opens a recent cached copy of the session; throws `outage` if there is none. */
  #openDegraded(maxAge: number, outage: CoatcheckError): Session<Data> {
    for (const token of this.#credentials.presented.tokens) {
      const session = this.#http.manager.resumeDegraded(token, maxAge, this.#credentials.client);
      if (session !== null) return session;
    }
    throw outage;
  }

  #setHeaders(headers: ResponseHeaders, commit: Commit): void {
    setCommitHeaders(headers, commit, {
      http: this.#http,
      request: this.#request,
      presented: this.#credentials.presented,
      holdsToken: this.#credentials.holdsToken,
      client: () => this.client,
    });
  }
}

shareBetweenCopies(RequestSession, "RequestSession");

refuseReads(
  RequestSession.prototype,
  ["data", "subject"],
  "load the session first: await request.session.load()",
);
refuseAssignments(RequestSession.prototype, "use (await request.session.load()).data.name = value");
