import type { SessionManager } from "../../session/manager.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { usageError } from "../../session/usage-error.ts";
import { HttpSessions } from "../http-sessions.ts";
import type { HttpOptions } from "../options.ts";
import { isPrefetch } from "../prefetch.ts";
import type { VisitCollector } from "../visits.ts";

/** The visits of an application. `createVisits` of `coatcheck/visit` returns them. */
export interface ClosableVisits extends VisitCollector {
  close(): Promise<void>;
}

/** The opened manager of this process, and the two adapters that use it. */
export interface OpenSessions<Data> {
  readonly manager: SessionManager<Data>;
  /** The opened visits; null without the option `visits`. */
  readonly visits: ClosableVisits | null;
  /** For route handlers and actions. */
  readonly http: HttpSessions<Data>;
  /**
   * For server components and the proxy. It collects no visits, because server components and the proxy cannot see the
   * page's response. The page's script reports the page view to a route handler instead.
   */
  readonly pageSessions: HttpSessions<Data>;
}

/** Opens the manager. Called once per process. */
export type OpenManager<Data> = () => MaybePromise<SessionManager<Data>>;

/** The functions that open the manager and the visits once per process, and the options of the HTTP layer. */
export interface ProcessOptions<Data> {
  readonly open: OpenManager<Data>;
  readonly openVisits: (() => MaybePromise<ClosableVisits>) | undefined;
  readonly http: HttpOptions;
  readonly name: string;
}

/** The opened sessions, by the name of the manager. */
type Registry = Map<string, Promise<OpenSessions<never>>>;

const REGISTRY_KEY = Symbol.for("coatcheck.next");

/**
 * Next.js loads several copies of an application's modules into one process: for the proxy, for pages with their
 * actions, and for route handlers. A manager in a module variable would therefore exist three times. So this class
 * stores it on `globalThis`.
 */
export class ProcessSessions<Data> {
  readonly #options: ProcessOptions<Data>;

  constructor(options: ProcessOptions<Data>) {
    if (typeof options.open !== "function") {
      const message = "must be a function that returns the session manager";
      throw usageError("call of coatcheck(open, options)", [{ path: "open", message }]);
    }
    this.#options = options;
  }

  /** Returns the sessions of this process. Opens them at the first call, and again if opening failed. */
  get(): Promise<OpenSessions<Data>> {
    const registry = getRegistry();
    const present = registry.get(this.#options.name);
    if (present) return present as Promise<unknown> as Promise<OpenSessions<Data>>;
    const opening = this.#openSessions();
    registry.set(this.#options.name, opening as Promise<unknown> as Promise<OpenSessions<never>>);
    opening.catch(() => registry.delete(this.#options.name));
    return opening;
  }

  /** Writes pending changes and events, and closes the store and the visits, if the sessions have been opened. */
  async close(): Promise<void> {
    const registry = getRegistry();
    const opening = registry.get(this.#options.name);
    registry.delete(this.#options.name);
    const opened = await opening?.catch(() => undefined);
    await Promise.all([opened?.manager.close(), opened?.visits?.close()]);
  }

  async #openSessions(): Promise<OpenSessions<Data>> {
    const { open, openVisits, http: options } = this.#options;
    const activity: HttpOptions["activity"] = (request) =>
      isPrefetch(request) ? "none" : (options.activity?.(request) ?? "user");
    const manager = await open();
    let visits: ClosableVisits | null;
    try {
      visits = (await openVisits?.()) ?? null;
    } catch (error) {
      // Close the manager, because the next request opens a new manager and tries again to open the visits.
      await manager.close();
      throw error;
    }
    return {
      manager,
      visits,
      http: new HttpSessions(manager, { ...options, activity, ...(visits && { visits }) }),
      pageSessions: new HttpSessions(manager, { ...options, activity }),
    };
  }
}

function getRegistry(): Registry {
  const scope: { [REGISTRY_KEY]?: Registry } & object = globalThis;
  scope[REGISTRY_KEY] ??= new Map();
  return scope[REGISTRY_KEY];
}
