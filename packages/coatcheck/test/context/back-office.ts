import { createCache } from "../../src/cache/index.ts";
import { defineContext, loader, preference } from "../../src/context/index.ts";
import { hashedIds } from "../../src/context/sqids.ts";
import { SessionManager } from "../../src/index.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";

/** A user who belongs to a company and may enter some of the company's warehouses. */
export interface User {
  readonly id: string;
  readonly companyId: number;
  readonly warehouseId: number;
  readonly warehouses: readonly number[];
  readonly isDisabled?: boolean;
}

/** The session data of the back office. Contains ids and preferences, but no entities. */
export interface Data {
  readonly warehouseId?: number;
  readonly theme?: string;
}

/** The codec of the warehouse ids that clients see. */
export const warehouseIds = hashedIds({
  alphabet: "k3G7QAe51FCsPW92uEOyq4Bg6Sp8YzVTmnU0liwDdHXLajZrfxNhobJIRcMvKt",
  minLength: 8,
});

/** The header that selects a warehouse. */
export const WAREHOUSE_HEADER = "Selected-Warehouse-Xid";

/** Returns a request whose header selects warehouse `id`. */
export function createRequestSelecting(id: number): { readonly headers: Readonly<Record<string, string>> } {
  return { headers: { [WAREHOUSE_HEADER.toLowerCase()]: warehouseIds.encode(id) } };
}

/** A back office with two companies: Acme with warehouses 1 and 2, and Other with warehouse 3. */
export class BackOffice {
  readonly users = new Map<string, User>([
    ["ada", { id: "ada", companyId: 1, warehouseId: 1, warehouses: [1, 2] }],
    ["bob", { id: "bob", companyId: 1, warehouseId: 2, warehouses: [2] }],
    ["eve", { id: "eve", companyId: 2, warehouseId: 3, warehouses: [3] }],
  ]);
  readonly companies = new Map([
    [1, { id: 1, name: "Acme", theme: "light" }],
    [2, { id: 2, name: "Other", theme: "light" }],
  ]);
  readonly warehouses = new Map([
    [1, { id: 1, companyId: 1, name: "North" }],
    [2, { id: 2, companyId: 1, name: "South" }],
    [3, { id: 3, companyId: 2, name: "East" }],
  ]);
  queries = 0;
  /** Whether the database rejects writes. */
  isReadOnly = false;
  readonly store = memoryStore();
  readonly cache = createCache({ store: this.store, singleProcess: true });
  readonly sessions = new SessionManager<Data>({
    store: this.store,
    cache: this.cache,
    secrets: ["a secret of sixteen"],
  });
  readonly context = this.#defineContext();

  /** Logs a user in with a new session; returns the token. */
  async logIn(subject: string): Promise<string> {
    return (await this.sessions.create({ subject })).token;
  }

  /** Opens the session of a token, as a request does. */
  async openSession(token: string): Promise<Session<Data>> {
    const session = await this.sessions.resume(token);
    if (session instanceof Session) return session;
    throw new Error(`The session was refused: ${session.refusal}.`);
  }

  /** Reads the warehouse in a request, and returns its name. */
  async readWarehouseName(
    token: string,
    request?: ReturnType<typeof createRequestSelecting>,
  ): Promise<string | undefined> {
    return (await this.context.of(await this.openSession(token), request).warehouse())?.name;
  }

  #query<Row>(table: ReadonlyMap<unknown, Row>, id: unknown): Row | null {
    this.queries++;
    return table.get(id) ?? null;
  }

  #defineContext() {
    const user = loader({
      reference: ({ subject }) => subject,
      load: (id: string) => {
        const found = this.#query(this.users, id);
        return found?.isDisabled ? null : found;
      },
    });
    const company = loader({
      from: { user },
      reference: (_session, from) => from.user?.companyId,
      load: (id: number) => this.#query(this.companies, id),
    });
    const warehouse = loader({
      from: { user },
      reference: (_session, from) => from.user?.warehouseId,
      load: (id: number) => this.#query(this.warehouses, id),
      selection: {
        header: WAREHOUSE_HEADER,
        ids: warehouseIds,
        member: "warehouseId",
        mayEnter: ({ id, companyId }, from) =>
          from.user?.companyId === companyId && from.user.warehouses.includes(id),
      },
    });
    const theme = preference({
      values: ["light", "dark"],
      default: (from) => (from.company?.theme === "dark" ? "dark" : "light"),
      member: "theme",
      from: { company },
      save: (value, from) => {
        if (this.isReadOnly) throw new Error("The database is read-only.");
        if (from.company) this.companies.set(from.company.id, { ...from.company, theme: value });
      },
      invalidates: ["company"],
    });
    const language = preference({ values: ["en", "de"], default: "en", member: "language" });
    return defineContext({ user, company, warehouse, theme, language }, { cache: this.cache });
  }
}
