import type { CacheOptions, SessionCache } from "../../src/cache/index.ts";
import type { SharedEntity } from "../../src/context/index.ts";
import {
  type ContextOptions,
  type ContextSession,
  defineContext,
  loader,
  type SharedEntities,
} from "../../src/context/index.ts";
import type { HintChannel } from "../../src/session/hint.ts";
import { Cluster, untilIdle } from "../cache/fixtures.ts";

/** A company of the fixtures. */
export interface Company {
  readonly id: string;
  readonly name: string;
}

/** A user of the fixtures. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly companyId: string;
  readonly role: { readonly name: string; readonly permissions: readonly string[] };
}

/** The application's database. Counts the queries, and can be slow or fail. */
export class Database {
  readonly users = new Map<string, unknown>();
  readonly companies = new Map<string, unknown>();
  queries = 0;
  state: "up" | "hung" | "down" = "up";
  /** The abort signal of the last query. */
  lastSignal: AbortSignal | null = null;
  #released: Promise<void> = Promise.resolve();

  constructor() {
    this.companies.set("acme", { id: "acme", name: "Acme" });
    this.users.set("ada", createUser("Ada"));
  }

  async find<Row>(table: Map<string, unknown>, id: string, signal?: AbortSignal): Promise<Row | null> {
    this.queries++;
    this.lastSignal = signal ?? null;
    if (this.state === "down") throw new Error("The database is down.");
    if (this.state === "hung") await new Promise(() => {});
    const row = table.get(id);
    await this.#released;
    return (row ?? null) as Row | null;
  }

  /**
   * From now on, queries read their data immediately, but return it only after the test calls the returned function.
   */
  holdQueries(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#released = promise;
    return () => {
      this.stopHoldingQueries();
      resolve();
    };
  }

  /** Makes later queries return their data immediately. */
  stopHoldingQueries(): void {
    this.#released = Promise.resolve();
  }
}

/** Creates a user of company Acme. */
export function createUser(name: string, fields: Partial<User> = {}): User {
  return { id: "ada", name, companyId: "acme", role: { name: "admin", permissions: ["read"] }, ...fields };
}

/** Creates a session that is logged in as `subject`. Each created object represents another request. */
export function createSession(subject: string | null = "ada"): ContextSession {
  return { subject, tenant: null, data: {} };
}

/** The loaders of user and company. */
export function createLoaders(database: Database) {
  const user = loader({
    reference: (session) => session.subject,
    load: (id: string, { signal }) => database.find<User>(database.users, id, signal),
    tags: ({ companyId }) => [`company:${companyId}`],
  });
  const company = loader({
    from: { user },
    reference: (_session, from) => from.user?.companyId,
    load: (id: string) => database.find<Company>(database.companies, id),
  });
  return { user, company };
}

/** Options of {@link Site.startNode}, for its cache and its context. */
export interface NodeOptions extends Partial<CacheOptions> {
  readonly entities?: SharedEntities;
  readonly maxEntities?: number;
}

/** Several processes that share a store, a database and a fake clock. */
export class Site {
  readonly cluster = new Cluster();
  readonly database = new Database();

  get time() {
    return this.cluster.time;
  }

  /** Starts a process. `entities` is the shared tier of its context. */
  async startNode(options: NodeOptions = {}) {
    const { entities, maxEntities, ...cacheOptions } = options;
    const { cache, faultyStore } = await this.cluster.startNode(cacheOptions);
    const context = this.defineContextOn(cache, {
      ...(entities ? { shared: entities } : {}),
      ...(maxEntities ? { local: { maxEntries: maxEntities } } : {}),
    });
    await untilIdle();
    return { cache, faultyStore, context };
  }

  defineContextOn(cache: SessionCache, options: Partial<ContextOptions> = {}) {
    const { clock, monotonic, schedule } = this.time;
    return defineContext(createLoaders(this.database), { cache, clock, monotonic, schedule, ...options });
  }
}

/** A hint channel that loses every message. Hints tell other processes about changes. */
export const lostHints: HintChannel = {
  publish: async () => {},
  subscribe: async () => async () => {},
  close: async () => {},
};

/** A shared tier of entities in memory that can be made to hang or fail. */
export class InMemorySharedEntities implements SharedEntities {
  readonly copies = new Map<string, string>();
  state: "up" | "down" | "hung" = "up";

  async get(key: string) {
    await this.#waitOrFail();
    const text = this.copies.get(key);
    return text === undefined ? null : (JSON.parse(text) as SharedEntity);
  }

  async set(key: string, entity: SharedEntity) {
    await this.#waitOrFail();
    this.copies.set(key, JSON.stringify(entity));
  }

  async #waitOrFail() {
    if (this.state === "down") throw new Error("The shared tier is down.");
    if (this.state === "hung") await new Promise(() => {});
  }
}

/** Reads the user on a node and returns the user's name. */
export async function readUserName({
  context,
}: Awaited<ReturnType<Site["startNode"]>>): Promise<string | undefined> {
  return (await context.of(createSession()).user())?.name;
}
