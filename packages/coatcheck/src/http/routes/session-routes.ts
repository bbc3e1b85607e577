import { systemClock } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { Session } from "../../session/session.ts";
import type { SessionView } from "../../wire.ts";
import { CsrfTokens } from "../csrf.ts";
import { isCoatcheckError } from "../error-response.ts";
import { ACCOUNT_SCOPE, MAX_RECENT_LOGIN_AGE, requireRecentProof } from "../recent-proof.ts";
import type { RequestSession } from "../request-session.ts";
import { requireManager } from "../require-manager.ts";
import { devicesOf } from "./devices.ts";
import { reconnectBody } from "./event-stream.ts";
import { EventStreams } from "./event-streams.ts";
import { createImpersonationHandlers } from "./impersonation.ts";
import { loadSession, requireLogin } from "./load-session.ts";
import { requireIdentity, requireRoutesOptions, type SessionRoutesOptions } from "./options.ts";
import {
  credentialsOf,
  hasFlag,
  invalidRequestError,
  metadataOf,
  type RouteRequest,
  readJsonObject,
} from "./request.ts";
import { eventStreamResponse, failureResponse, successResponse } from "./responses.ts";
import { createViewWithoutSession, type ViewDependencies, viewOf } from "./view.ts";
import { createVisitHandlers } from "./visit.ts";

type RouteHandler<Data> = (request: RouteRequest<Data>, query: URLSearchParams) => Promise<Response>;

/** The functions that mounted endpoints offer to the application. */
export interface RouteControls<User, Data> {
  /**
   * Returns the `initialState` for the browser client of a server-rendered page. With the `initialState`, the client
   * can show the logged-in user without fetching the session first.
   *
   * @throws CoatcheckError `CONFLICT` for an older token, `STORE_UNAVAILABLE` when the store does not respond.
   */
  view(session: RequestSession<Data>): Promise<SessionView<User>>;
  /** Ends the open event streams, so that the server can stop. */
  close(): void;
}

/**
 * The endpoints that the browser client calls, for any framework: current session, login, logout, devices, elevation,
 * migration, and the event stream. `wire.ts` defines their JSON.
 *
 * Before it calls {@link handle}, the adapter must call `checkCsrf`, which rejects forged requests. It must call
 * `commit` before the response headers are sent.
 */
export class SessionRoutes<User = { readonly id: string }, Data = JsonObject> {
  /** The path of the endpoints, without the prefix of the router in which they are mounted. */
  readonly base: string;
  /** The second path of the migration endpoint. Default: its path below {@link base}. */
  readonly migratePath: string;
  readonly #manager: SessionManager<Data>;
  readonly #options: SessionRoutesOptions<User, Data>;
  readonly #view: ViewDependencies<User>;
  readonly #streams: EventStreams<Data>;
  readonly #handlers: ReadonlyMap<string, RouteHandler<Data>>;

  /** @throws UsageError without a manager or `authenticate`, and for an unknown option. */
  constructor(manager: SessionManager<Data>, options: SessionRoutesOptions<User, Data>) {
    requireManager("sessionRoutes(manager, options)", manager);
    requireRoutesOptions(options);
    const { base = "/session", clock = systemClock } = options;
    this.base = base;
    this.migratePath = options.migratePath ?? `${base}/migrate`;
    this.#manager = manager;
    this.#options = options;
    this.#view = {
      csrfTokens: new CsrfTokens(manager.ring),
      clock,
      user: options.user ?? ((id) => ({ id }) as User),
      needsOnboarding: options.needsOnboarding,
    };
    this.#streams = new EventStreams(manager, clock, options.events);
    this.#handlers = new Map<string, RouteHandler<Data>>([
      [`GET ${base}`, (request, query) => this.#getSession(request, query)],
      [`POST ${base}`, (request) => this.#logIn(request)],
      [`DELETE ${base}`, (request, query) => this.#logOut(request, query)],
      [`POST ${base}/init`, (request) => this.#initSession(request)],
      [`GET ${base}/csrf`, (request) => this.#getCsrfToken(request)],
      [`GET ${base}/devices`, (request) => this.#listDevices(request)],
      [`DELETE ${base}/devices`, (request, query) => this.#endDevices(request, query)],
      [`POST ${base}/elevate`, (request) => this.#elevate(request)],
      [`POST ${base}/migrate`, (request) => this.#migrate(request)],
      [`POST ${this.migratePath}`, (request) => this.#migrate(request)],
      [`GET ${base}/events`, (request) => this.#openEventStream(request)],
      ...createVisitHandlers<Data>(`${base}/visit`),
      ...createImpersonationHandlers(`${base}/impersonation`, options.impersonation, {
        requireRecentProof: (session) => this.#requireRecentProof(session),
        respond: async (session) => successResponse(await viewOf(session, this.#view)),
      }),
    ]);
  }

  /**
   * Returns the response to a request, or null for a request to another path. A `CoatcheckError` becomes an error
   * response; other errors of the application are thrown.
   *
   * @param mountedAt returns the part of the path that a router's prefix matched, such as `/api`. The paths of the
   *   endpoints begin with that part; if {@link base} already begins with it, it is not added again. Default: no
   *   prefix.
   */
  handle(request: RouteRequest<Data>, mountedAt: () => string = noPrefix): Promise<Response> | null {
    // Most requests are for other paths, so exclude these quickly.
    if (!request.url.includes(this.base) && !request.url.includes(this.migratePath)) return null;
    const [path = "", query] = request.url.split("?", 2);
    const handler =
      this.#handlerOf(request.method, path) ?? this.#handlerBelow(mountedAt(), request.method, path);
    return handler ? withErrorResponse(handler(request, new URLSearchParams(query))) : null;
  }

  /** Returns the functions for the application that mounted the endpoints. */
  get controls(): RouteControls<User, Data> {
    return {
      view: async (session) => await viewOf(await loadSession(session), this.#view),
      close: () => this.#streams.close(),
    };
  }

  async #getSession(request: RouteRequest<Data>, query: URLSearchParams): Promise<Response> {
    const session = await loadSession(request.session, hasFlag(query, "touch") ? "user" : "none");
    return successResponse(await viewOf(session, this.#view));
  }

  async #logIn(request: RouteRequest<Data>): Promise<Response> {
    // Accept an older token for a login, because the response with the newer token may have been lost.
    const session = await request.session.load({ activity: "user", outage: "closed" });
    const body = await readJsonObject(request);
    const identity = await this.#options.authenticate(credentialsOf(body), request, metadataOf(body));
    if (identity === null) throw invalidCredentials();
    requireIdentity(identity);
    const { subject, user, ...login } = identity;
    await session.authenticate(subject, login);
    return successResponse(await viewOf(session, this.#view, user));
  }

  async #logOut(request: RouteRequest<Data>, query: URLSearchParams): Promise<Response> {
    if (hasFlag(query, "everywhere")) await this.#endAllSessions(request);
    // Accept an older token for a logout, because the browser may not have received the newer token.
    const session = await request.session.load({ activity: "user", outage: "closed" });
    const hasEnded = await session.revoke();
    return successResponse(
      hasEnded ? createViewWithoutSession("signed-out") : await viewOf(session, this.#view),
    );
  }

  /**
   * Ends every session of the subject. Throws `CONFLICT` for an older token, because an older token does not prove a
   * recent login.
   */
  async #endAllSessions(request: RouteRequest<Data>): Promise<void> {
    const session = await loadSession(request.session, "user");
    if (session.subject === null) return;
    this.#requireRecentProof(session);
    await this.#manager.revoke({ subject: session.subject }, "logout");
  }

  async #initSession(request: RouteRequest<Data>): Promise<Response> {
    const session = await loadSession(request.session, "user");
    if (session.isNew) await session.patch({});
    return successResponse(await viewOf(session, this.#view));
  }

  async #getCsrfToken(request: RouteRequest<Data>): Promise<Response> {
    const { csrf_token } = await viewOf(await loadSession(request.session, "none"), this.#view);
    return successResponse({ csrf_token });
  }

  async #listDevices(request: RouteRequest<Data>): Promise<Response> {
    const { session, subject } = await requireLogin(request.session, "none");
    return successResponse(await devicesOf(this.#manager, subject, session, this.#view.clock.now()));
  }

  async #endDevices(request: RouteRequest<Data>, query: URLSearchParams): Promise<Response> {
    const { session, subject } = await requireLogin(request.session, "user");
    const [others, all] = [hasFlag(query, "others"), hasFlag(query, "all")];
    this.#requireRecentProof(session);
    if (others && all) throw invalidRequestError("", "the query must be ?others or ?all, not both");
    if (others) return successResponse({ ended: await session.revokeOthers() });
    if (!all) throw invalidRequestError("", "the query must be ?others or ?all");
    const ended = await this.#manager.revoke({ subject });
    await session.revoke();
    return successResponse({ ended });
  }

  #handlerOf(method: string, path: string): RouteHandler<Data> | undefined {
    return this.#handlers.get(`${method} ${path}`) ?? this.#deviceHandler(method, path);
  }

  /** Returns the handler for a path below a router's prefix; undefined if `base` itself begins with the prefix. */
  #handlerBelow(prefix: string, method: string, path: string): RouteHandler<Data> | undefined {
    const below = path.slice(prefix.length);
    return below.startsWith(`${prefix}/`) ? undefined : this.#handlerOf(method, below);
  }

  #deviceHandler(method: string, path: string): RouteHandler<Data> | undefined {
    const prefix = `${this.base}/devices/`;
    if (method !== "DELETE" || !path.startsWith(prefix)) return undefined;
    return (request) => this.#endDevice(request, path.slice(prefix.length));
  }

  /** Ending the current device is a logout, so it requires no recent authentication. */
  async #endDevice(request: RouteRequest<Data>, id: string): Promise<Response> {
    const { session, subject } = await requireLogin(request.session, "user");
    if (id === session.id) {
      await session.revoke();
      return successResponse({ ended: 1 });
    }
    this.#requireRecentProof(session);
    const record = await this.#manager.find(id);
    if (!record || (record.actor?.subject ?? record.subject) !== subject) {
      throw new CoatcheckError("SESSION_NOT_FOUND", "Device not found.");
    }
    return successResponse({ ended: await this.#manager.revoke({ session: id }) });
  }

  async #elevate(request: RouteRequest<Data>): Promise<Response> {
    const { session, subject } = await requireLogin(request.session, "user");
    const body = await readJsonObject(request);
    const scope = readRequestedScope(body);
    const credentials = credentialsOf(body);
    const { elevate, authenticate } = this.#options;
    if (!elevate && scope !== ACCOUNT_SCOPE)
      throw invalidRequestError(
        "scope",
        `must be "${ACCOUNT_SCOPE}", unless sessionRoutes() has the option "elevate"`,
      );
    const isVerified = elevate
      ? await elevate(credentials, scope, request)
      : (await authenticate(credentials, request, metadataOf(body)))?.subject === subject;
    if (!isVerified) throw invalidCredentials();
    await session.elevate(scope, this.#options.recentAuthentication ?? MAX_RECENT_LOGIN_AGE);
    return successResponse(await viewOf(session, this.#view));
  }

  /** The migration has already run in middleware before `coatcheck()`, so the request has a session. */
  async #migrate(request: RouteRequest<Data>): Promise<Response> {
    return successResponse(await viewOf(await loadSession(request.session, "user"), this.#view));
  }

  async #openEventStream(request: RouteRequest<Data>): Promise<Response> {
    const session = await request.session.load({ activity: "none", outage: "closed" });
    if (session.refusal === "superseded") return eventStreamResponse(reconnectBody());
    const { record } = await request.session.requireSession();
    return eventStreamResponse(this.#streams.open(record));
  }

  #requireRecentProof(session: Session<Data>): void {
    requireRecentProof(session, this.#view.clock.now(), this.#options.recentAuthentication);
  }
}

const noPrefix = () => "";

async function withErrorResponse(pending: Promise<Response>): Promise<Response> {
  try {
    return await pending;
  } catch (error) {
    if (!isCoatcheckError(error)) throw error;
    return failureResponse(error);
  }
}

/** Returns the validated name of the requested scope. */
function readRequestedScope({ scope = ACCOUNT_SCOPE }: JsonObject): string {
  if (typeof scope === "string" && /^[\w.:-]{1,64}$/.test(scope)) return scope;
  throw invalidRequestError("scope", "must be 1 to 64 characters: letters, digits, or one of . : - _");
}

function invalidCredentials(): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", "Invalid credentials.");
}
