import type { SessionManager } from "../../session/manager.ts";
import type { MaybePromise } from "../../session/session.ts";
import { usageError } from "../../session/usage-error.ts";
import { HttpSessions } from "../http-sessions.ts";
import type { HttpOptions } from "../options.ts";
import { isPrefetch } from "../prefetch.ts";

/** The opened manager of this process, and the two adapters that use it. */
export interface OpenSessions<Data> {
  readonly manager: SessionManager<Data>;
  /** For route handlers. */
  readonly http: HttpSessions<Data>;
  /**
   * For server components, actions and the proxy. Without visits, because they cannot read the response of a document.
   */
  readonly pages: HttpSessions<Data>;
}

/** Opens the manager. Called once per process. */
export type OpenManager<Data> = () => MaybePromise<SessionManager<Data>>;

/** The opened sessions, by the name of the manager. */
type Registry = Map<string, Promise<OpenSessions<never>>>;

const REGISTRY_KEY = Symbol.for("coatcheck.next");

/**
 * Next.js loads several copies of an application's modules into one process: for the proxy, for pages with their
 * actions, and for route handlers. A manager in a module variable would therefore exist three times. So this class
 * stores it on `globalThis`.
 */
export class ProcessSessions<Data> {
  readonly #open: OpenManager<Data>;
  readonly #options: HttpOptions;
  readonly #name: string;

  constructor(open: OpenManager<Data>, options: HttpOptions, name: string) {
    if (typeof open !== "function") {
      const message = "must be a function that returns the session manager";
      throw usageError("call of coatcheck(open, options)", [{ path: "open", message }]);
    }
    this.#open = open;
    this.#options = options;
    this.#name = name;
  }

  /** Returns the sessions of this process. Opens them at the first call, and again if opening failed. */
  get(): Promise<OpenSessions<Data>> {
    const registry = registryOf();
    const present = registry.get(this.#name);
    if (present) return present as Promise<unknown> as Promise<OpenSessions<Data>>;
    const opening = this.#openSessions();
    registry.set(this.#name, opening as Promise<unknown> as Promise<OpenSessions<never>>);
    opening.catch(() => registry.delete(this.#name));
    return opening;
  }

  /** Writes pending changes and closes the store, if the sessions have been opened. */
  async close(): Promise<void> {
    const registry = registryOf();
    const opening = registry.get(this.#name);
    registry.delete(this.#name);
    await (await opening?.catch(() => undefined))?.manager.close();
  }

  async #openSessions(): Promise<OpenSessions<Data>> {
    const { visits: _, ...options } = this.#options;
    const activityOption = this.#options.activity;
    const activity: HttpOptions["activity"] = (request) =>
      isPrefetch(request) ? "none" : (activityOption?.(request) ?? "user");
    const manager = await this.#open();
    return {
      manager,
      http: new HttpSessions(manager, { ...this.#options, activity }),
      pages: new HttpSessions(manager, { ...options, activity }),
    };
  }
}

function registryOf(): Registry {
  const scope: { [REGISTRY_KEY]?: Registry } & object = globalThis;
  scope[REGISTRY_KEY] ??= new Map();
  return scope[REGISTRY_KEY];
}
