import { type Clock, isLive, type SessionManager, type SessionRecord } from "coatcheck";
import { type Caller, type OwnedSessions, ownerOf } from "coatcheck-server";
import { accessOf } from "./access.ts";
import type { Role } from "./order-state.ts";

/** Invitations that a browser remembers; the oldest go first. */
const MOST_SHARED = 50;
/** Orders in a list. */
const MOST_LISTED = 100;

/** What is said of a new order session. */
export interface NewOrder {
  readonly metadata?: NonNullable<Parameters<SessionManager["create"]>[0]>["metadata"];
  readonly name?: string;
}

/**
 * The order sessions of a browser. They stand inside the browser's own session, in whose data it also says which of
 * them is the default one, and to which of others it was invited.
 */
export class BrowserOrders {
  readonly #manager: SessionManager;
  readonly #owned: OwnedSessions;
  readonly #clock: Clock;

  constructor(manager: SessionManager, owned: OwnedSessions, clock: Clock) {
    this.#manager = manager;
    this.#owned = owned;
    this.#clock = clock;
  }

  /** A new order session: an API consumer's own, or one inside the browser's session, which is stored if need be. */
  async create(caller: Caller, { metadata = {}, name }: NewOrder): Promise<SessionRecord> {
    const { principal, session } = caller;
    if (principal === null) await requireStored(caller);
    const place = principal === null ? { parentId: session.id } : { owner: ownerOf(principal) };
    const given = { metadata, ...(name === undefined ? {} : { name }) };
    return (await this.#manager.create({ ...given, ...place })).record;
  }

  /** The default order session of a browser; null where there is none yet. */
  async findDefault({ session }: Caller): Promise<SessionRecord | null> {
    const id = session.record?.data.defaultOrder;
    const record = typeof id === "string" ? await this.#manager.find(id) : null;
    const isIts = record?.parentId === session.id && isLive(record, this.#clock.now());
    return isIts ? record : null;
  }

  /** The same, made where there is none. Requests at once get the same one. */
  async default(caller: Caller): Promise<SessionRecord> {
    const found = await this.findDefault(caller);
    if (found) return found;
    const { session } = caller;
    const before = session.record?.data.defaultOrder;
    const made = await this.create(caller, { name: "default", metadata: { type: "default" } });
    await session.update((data) => {
      const isFirst = data.defaultOrder === undefined || data.defaultOrder === before;
      return isFirst ? { ...data, defaultOrder: made.id } : data;
    });
    const chosen = await this.findDefault(caller);
    if (chosen === null || chosen.id === made.id) return made;
    await this.#manager.revoke({ session: made.id });
    return chosen;
  }

  /** Remembers an order that the browser was let into. */
  async remember({ session }: Caller, id: string): Promise<void> {
    await session.update((data) => {
      const { [id]: _again, ...others } = sharedIn(data.shared);
      const newest = [...Object.entries(others), [id, true] as const].slice(-MOST_SHARED);
      return { ...data, shared: Object.fromEntries(newest) };
    });
  }

  /** The live orders that the browser owns or was let into, newest first. */
  async mine(caller: Caller): Promise<{ record: SessionRecord; role: Role }[]> {
    const { session } = caller;
    if (session.record === null) return [];
    const found: SessionRecord[] = [];
    for await (const record of this.#owned.matching({ parentId: session.id })) {
      if (found.push(record) === MOST_LISTED) break;
    }
    const shared = Object.keys(sharedIn(session.record.data.shared));
    const others = await Promise.all(shared.map((id) => this.#manager.find(id)));
    return [...found, ...others]
      .flatMap((record) => {
        const access = record && isLive(record, this.#clock.now()) ? accessOf(caller, record) : null;
        return access ? [{ record: access.record, role: access.role }] : [];
      })
      .sort((left, right) => right.record.createdAt - left.record.createdAt);
  }
}

/** Stores the browser's session if it is not yet; its cookie leaves with the answer. */
export async function requireStored({ session }: Caller): Promise<void> {
  if (session.record === null) await session.patch({});
}

function sharedIn(value: unknown): Record<string, true> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.keys(value).map((id) => [id, true]));
}
