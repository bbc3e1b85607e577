import type { Session, SessionManager, SessionRecord } from "coatcheck";
import { type Caller, type OwnedSessions, ownerOf } from "coatcheck-server";
import { type Access, type Doorkeeper, SHOP } from "./access.ts";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { JoinedOrders } from "./joined-orders.ts";

/** Orders in a list. */
const MOST_LISTED = 100;
/** What a default order is told by. */
const DEFAULT = { name: "default", metadata: { type: "default" } } as const;

/** What is said of a new order session. */
export interface NewOrder {
  readonly metadata?: NonNullable<Parameters<SessionManager["create"]>[0]>["metadata"];
  readonly name?: string;
}

/** Where the orders of a browser are found. */
interface Parts {
  readonly manager: SessionManager;
  readonly owned: OwnedSessions;
  readonly doorkeeper: Doorkeeper;
  readonly accountOrders: AccountOrders;
  readonly joined: JoinedOrders;
}

/**
 * The order sessions of a browser. They stand inside the browser's own session, in whose data it also says which of
 * them is the default one. Whoever logs in takes theirs along into the account.
 */
export class BrowserOrders {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A new order session: an API consumer's own, or one inside the browser's session, which is stored if need be. */
  async create(caller: Caller, { metadata = {}, name }: NewOrder): Promise<SessionRecord> {
    const { manager, accountOrders } = this.#parts;
    const { principal, session } = caller;
    if (principal === null) await requireStored(caller);
    const place = principal === null ? { owner: SHOP, parentId: session.id } : { owner: ownerOf(principal) };
    const given = { metadata, ...(name === undefined ? {} : { name }) };
    const { record } = await manager.create({ ...given, ...place });
    if (principal === null && session.subject !== null) accountOrders.claim(session.subject, record.id);
    return record;
  }

  /**
   * Somebody logs in to an account, in this browser's session: what the browser has becomes the account's. What a login
   * to another account had before is that one's, and stays it.
   */
  async handOver(session: Session, account: string): Promise<void> {
    if (session.record === null) return;
    await this.#claim(session, session.subject ?? account);
    if (session.subject === null) await this.#parts.joined.handOver(session, account);
  }

  /** The default order session of a browser, else the newest one of its account; null where there is none yet. */
  async findDefault(caller: Caller): Promise<SessionRecord | null> {
    const { session } = caller;
    const id = session.record?.data.defaultOrder;
    const own = typeof id === "string" ? await this.#ownOrder(caller, id) : null;
    if (own !== null || session.subject === null) return own;
    for (const each of this.#parts.accountOrders.newest(session.subject, MOST_LISTED)) {
      const record = await this.#ownOrder(caller, each);
      if (record?.metadata.type === DEFAULT.metadata.type) return record;
    }
    return null;
  }

  /** The same, made where there is none. Requests at once get the same one. */
  async default(caller: Caller): Promise<SessionRecord> {
    const { session } = caller;
    const before = session.record?.data.defaultOrder;
    const found = await this.findDefault(caller);
    if (found !== null && found.id === before) return found;
    const candidate = found ?? (await this.create(caller, DEFAULT));
    await session.update((data) => {
      const isFirst = data.defaultOrder === undefined || data.defaultOrder === before;
      return isFirst ? { ...data, defaultOrder: candidate.id } : data;
    });
    const chosen = await this.findDefault(caller);
    if (chosen === null || chosen.id === candidate.id) return candidate;
    if (candidate !== found) await this.#parts.manager.revoke({ session: candidate.id });
    return chosen;
  }

  /** The live orders that the browser or its account owns, or that it was let into, newest first. */
  async mine(caller: Caller): Promise<Access[]> {
    const { session } = caller;
    if (session.record === null) return [];
    const { doorkeeper, accountOrders, joined } = this.#parts;
    const begun = session.subject === null ? await this.#begunIn(session, MOST_LISTED) : [];
    const own = begun.flatMap((record) => doorkeeper.accessOf(caller, record) ?? []);
    if (session.subject !== null) {
      // What a request began while another one logged in is not the account's yet.
      await this.#claim(session, session.subject, MOST_LISTED);
      own.push(...(await this.#find(caller, accountOrders.newest(session.subject, MOST_LISTED))));
    }
    const others = await this.#find(caller, joined.of(session));
    const all = [...own, ...others.filter(({ role }) => role !== "owner")];
    return all.sort((left, right) => right.record.createdAt - left.record.createdAt);
  }

  async #find(caller: Caller, ids: readonly string[]): Promise<Access[]> {
    const found = await Promise.all(ids.map((id) => this.#findOne(caller, id)));
    return found.filter((access) => access !== null);
  }

  async #findOne(caller: Caller, id: string): Promise<Access | null> {
    const { manager, doorkeeper, accountOrders } = this.#parts;
    const record = await manager.find(id);
    if (record !== null) return doorkeeper.liveAccessOf(caller, record);
    // It was swept. What has only ended stays known: who placed it may ask once more what came of it.
    accountOrders.forget(id);
    return null;
  }

  async #claim(session: Session, account: string, most?: number): Promise<void> {
    for (const { id } of await this.#begunIn(session, most)) this.#parts.accountOrders.claim(account, id);
  }

  /** The live orders that were begun in the browser's session, newest first. */
  async #begunIn({ id }: Session, most?: number): Promise<SessionRecord[]> {
    const found: SessionRecord[] = [];
    for await (const record of this.#parts.owned.matching({ parentId: id, owner: SHOP })) {
      if (found.push(record) === most) break;
    }
    return found;
  }

  async #ownOrder(caller: Caller, id: string): Promise<SessionRecord | null> {
    const access = await this.#parts.doorkeeper.find(caller, id);
    return access?.role === "owner" ? access.record : null;
  }
}

/** Stores the browser's session if it is not yet; its cookie leaves with the answer. */
export async function requireStored({ session }: Caller): Promise<void> {
  if (session.record === null) await session.patch({});
}
