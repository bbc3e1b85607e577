import type { SessionView } from "../../client/wire.ts";
import { systemClock } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { Activity } from "../../session/policy.ts";
import type { Session } from "../../session/session.ts";
import { CsrfTokens } from "../csrf.ts";
import { isOurs } from "../error-answer.ts";
import type { RequestSession } from "../request-session.ts";
import { eventStream, failure, success } from "./answer.ts";
import { devicesOf } from "./devices.ts";
import { comeBack } from "./event-stream.ts";
import { EventStreams } from "./event-streams.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { credentialsOf, invalid, metadataOf, type RouteRequest, readObject } from "./request.ts";
import { nobody, type ViewParts, viewOf } from "./view.ts";

type Handler<Data> = (request: RouteRequest<Data>, query: URLSearchParams) => Promise<Response>;

/** What an elevation is for that names no scope, and what ending another device asks for. */
const ACCOUNT = "account";

/** Milliseconds. */
const RECENT = 10 * 60_000;

/** What the application can ask of the endpoints once they are mounted. */
export interface RouteControls<User, Data> {
  /**
   * What a page that the server renders begins with, as its client's `initialState`: then it shows no flash and fetches
   * nothing. Throws `CONFLICT` for a superseded token and `STORE_UNAVAILABLE` in an outage.
   */
  view(session: RequestSession<Data>): Promise<SessionView<User>>;
  /** Ends the open event streams, so that the server can stop. */
  close(): void;
}

/**
 * The endpoints that the browser's client talks to, for any framework: current session, login, logout, devices,
 * elevation, migration, and the stream of events. `client/wire.ts` has their paths and shapes.
 *
 * An adapter admits the request first, so that a forged one is turned away before anything here runs, and commits the
 * session before the answer's headers leave.
 */
export class SessionRoutes<User = { readonly id: string }, Data = JsonObject> {
  /** Where the endpoints lie, but for the second path of the migration. */
  readonly base: string;
  readonly migratePath: string;
  readonly #manager: SessionManager<Data>;
  readonly #options: SessionRoutesOptions<User, Data>;
  readonly #view: ViewParts<User>;
  readonly #streams: EventStreams<Data>;
  readonly #handlers: ReadonlyMap<string, Handler<Data>>;

  constructor(manager: SessionManager<Data>, options: SessionRoutesOptions<User, Data>) {
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
    this.#handlers = new Map<string, Handler<Data>>([
      [`GET ${base}`, (request, query) => this.#current(request, query)],
      [`POST ${base}`, (request) => this.#logIn(request)],
      [`DELETE ${base}`, (request, query) => this.#logOut(request, query)],
      [`POST ${base}/init`, (request) => this.#init(request)],
      [`GET ${base}/csrf`, (request) => this.#csrf(request)],
      [`GET ${base}/devices`, (request) => this.#devices(request)],
      [`DELETE ${base}/devices`, (request, query) => this.#endDevices(request, query)],
      [`POST ${base}/elevate`, (request) => this.#elevate(request)],
      [`POST ${base}/migrate`, (request) => this.#migrate(request)],
      [`POST ${this.migratePath}`, (request) => this.#migrate(request)],
      [`GET ${base}/events`, (request) => this.#events(request)],
    ]);
  }

  /** The answer to a request, or null when it is none of ours. Rejects only with errors of the application's own. */
  answer(request: RouteRequest<Data>): Promise<Response> | null {
    // Most requests are none of ours, and shall not pay for it.
    if (!request.url.startsWith(this.base) && !request.url.startsWith(this.migratePath)) return null;
    const [path = "", query] = request.url.split("?", 2);
    const handler =
      this.#handlers.get(`${request.method} ${path}`) ?? this.#deviceHandler(request.method, path);
    return handler ? answered(handler(request, new URLSearchParams(query))) : null;
  }

  /** What the mounted endpoints lend to the application. */
  get controls(): RouteControls<User, Data> {
    return {
      view: async (session) => await viewOf(await held(session), this.#view),
      close: () => this.#streams.close(),
    };
  }

  async #current(request: RouteRequest<Data>, query: URLSearchParams): Promise<Response> {
    const session = await held(request.session, query.has("touch") ? "user" : "none");
    return success(await viewOf(session, this.#view));
  }

  async #logIn(request: RouteRequest<Data>): Promise<Response> {
    const session = await held(request.session, "user");
    const body = await readObject(request);
    const identity = await this.#options.authenticate(credentialsOf(body), request, metadataOf(body));
    if (identity === null) throw refused();
    const { subject, user, tenant, remember } = identity;
    await session.authenticate(subject, {
      ...(tenant !== undefined && { tenant }),
      ...(remember !== undefined && { remember }),
    });
    return success(await viewOf(session, this.#view, user));
  }

  async #logOut(request: RouteRequest<Data>, query: URLSearchParams): Promise<Response> {
    const session = await held(request.session, "user");
    const { record, subject } = session;
    if (query.has("everywhere") && subject !== null) await this.#manager.revoke({ subject }, "logout");
    if (record === null) return success(await viewOf(session, this.#view));
    await session.revoke();
    return success(nobody("signed-out"));
  }

  async #init(request: RouteRequest<Data>): Promise<Response> {
    const session = await held(request.session, "user");
    if (session.isNew) await session.patch({});
    return success(await viewOf(session, this.#view));
  }

  async #csrf(request: RouteRequest<Data>): Promise<Response> {
    const { csrf_token } = await viewOf(await held(request.session, "none"), this.#view);
    return success({ csrf_token });
  }

  async #devices(request: RouteRequest<Data>): Promise<Response> {
    const { session, subject } = await loggedIn(request.session, "none");
    return success(await devicesOf(this.#manager, subject, session, this.#view.clock.now()));
  }

  async #endDevices(request: RouteRequest<Data>, query: URLSearchParams): Promise<Response> {
    const { session, subject } = await loggedIn(request.session, "user");
    this.#requireRecent(session);
    if (query.has("others")) {
      return success({ ended: await this.#manager.revoke({ subject, except: session.id }) });
    }
    if (!query.has("all")) throw invalid("", "say which: ?others or ?all");
    const ended = await this.#manager.revoke({ subject });
    await session.revoke();
    return success({ ended });
  }

  #deviceHandler(method: string, path: string): Handler<Data> | undefined {
    const folder = `${this.base}/devices/`;
    if (method !== "DELETE" || !path.startsWith(folder)) return undefined;
    return (request) => this.#endDevice(request, path.slice(folder.length));
  }

  /** Ending the current one is a logout, which nobody has to prove themselves for. */
  async #endDevice(request: RouteRequest<Data>, id: string): Promise<Response> {
    const { session, subject } = await loggedIn(request.session, "user");
    if (id === session.id) {
      await session.revoke();
      return success({ ended: 1 });
    }
    this.#requireRecent(session);
    const record = await this.#manager.find(id);
    if (record?.subject !== subject) {
      throw new CoatcheckError("SESSION_NOT_FOUND", "You have no such device.");
    }
    return success({ ended: await this.#manager.revoke({ session: id }) });
  }

  async #elevate(request: RouteRequest<Data>): Promise<Response> {
    const { session, subject } = await loggedIn(request.session, "user");
    const body = await readObject(request);
    const scope = scopeOf(body);
    const credentials = credentialsOf(body);
    const { elevate, authenticate } = this.#options;
    const isProved = elevate
      ? await elevate(credentials, scope, request)
      : scope === ACCOUNT &&
        (await authenticate(credentials, request, metadataOf(body)))?.subject === subject;
    if (!isProved) throw refused();
    await session.elevate(scope, this.#options.recent ?? RECENT);
    return success(await viewOf(session, this.#view));
  }

  /** What stands before `coatcheck()` has turned an older cookie into a session by now, if there was one. */
  async #migrate(request: RouteRequest<Data>): Promise<Response> {
    return success(await viewOf(await held(request.session, "user"), this.#view));
  }

  async #events(request: RouteRequest<Data>): Promise<Response> {
    const session = await request.session.load({ activity: "none", outage: "closed" });
    if (session.refusal === "superseded") return eventStream(comeBack());
    const { record } = await request.session.requireSession();
    if (record === null) throw new CoatcheckError("SESSION_REQUIRED", "There is no session to follow.");
    return eventStream(this.#streams.open(request.session, record));
  }

  #requireRecent(session: Session<Data>): void {
    const since = this.#view.clock.now() - (this.#options.recent ?? RECENT);
    if ((session.record?.authenticatedAt ?? 0) <= since) session.requireElevated(ACCOUNT);
  }
}

async function answered(answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (error) {
    if (!isOurs(error)) throw error;
    return failure(error);
  }
}

/**
 * The request's session, stored or not. Two reasons for having none are no answer to "who am I?", since the browser
 * would take itself for logged out: a superseded token (`CONFLICT`), and a store that does not answer
 * (`STORE_UNAVAILABLE`), whatever the application's outage policy.
 */
async function held<Data>(request: RequestSession<Data>, activity?: Activity): Promise<Session<Data>> {
  const session = await request.load({ outage: "closed", ...(activity && { activity }) });
  if (session.record !== null) return session;
  try {
    return await request.requireSession();
  } catch (error) {
    if (isOurs(error) && error.status !== 401) throw error;
    return session;
  }
}

async function loggedIn<Data>(request: RequestSession<Data>, activity: Activity) {
  await request.load({ activity, outage: "closed" });
  const session = await request.requireSubject();
  return { session, subject: session.subject ?? "" };
}

/** A scope is a name of the application's, and stands in the session. */
function scopeOf({ scope = ACCOUNT }: JsonObject): string {
  if (typeof scope === "string" && /^[\w.:-]{1,64}$/.test(scope)) return scope;
  throw invalid("scope", "must be 1 to 64 letters, digits, or . : - _");
}

function refused(): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", "These credentials are not right.");
}
