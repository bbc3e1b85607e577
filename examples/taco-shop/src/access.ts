import {
  type Clock,
  CoatcheckError,
  isLive,
  type Session,
  type SessionManager,
  type SessionRecord,
} from "coatcheck";
import { type Caller, notFound, ownerOf as ownerFor } from "coatcheck-server";
import type { AccountOrders } from "./accounts/account-orders.ts";
import { LONGEST_NAME, type OrderState, orderIn, ROLES, type Role, type Who } from "./order-state.ts";

/**
 * Who owns browsers' orders, for whoever shares the database: the shop, which alone knows whose they are. So a browser's
 * cookie opens nothing of them at the service, where an order could be ended past those who share it.
 */
export const SHOP = "consumer:taco-shop";

/** Somebody's way into one order session. */
export interface Access {
  readonly record: SessionRecord;
  readonly role: Role;
  readonly who: Who;
  /** What the order knows a guest by: {@link memberIdOf}. Null for whoever owns the order. */
  readonly memberId: string | null;
}

/** Finds order sessions for those who own them or were let in. */
export class Doorkeeper {
  readonly #manager: SessionManager;
  readonly #accountOrders: AccountOrders;
  readonly #clock: Clock;

  constructor(manager: SessionManager, accountOrders: AccountOrders, clock: Clock) {
    this.#manager = manager;
    this.#accountOrders = accountOrders;
    this.#clock = clock;
  }

  /**
   * @param least the role that is needed.
   * @throws CoatcheckError `SESSION_NOT_FOUND` for a session that is not there, has ended, or is somebody else's: the
   * answer does not tell which. `FORBIDDEN` for a lesser role.
   */
  async admit(caller: Caller, id: string, least: Role): Promise<Access> {
    const access = await this.find(caller, id);
    if (access === null) throw notFound(id);
    requireRole(access.role, least);
    return access;
  }

  /** The caller's way into a live order session; null where there is none. */
  async find(caller: Caller, id: string): Promise<Access | null> {
    const record = await this.#manager.find(id);
    return record && this.liveAccessOf(caller, record);
  }

  /** How the caller may come into this session; null if not at all, or if it has ended. */
  liveAccessOf(caller: Caller, record: SessionRecord): Access | null {
    return isLive(record, this.#clock.now()) ? this.accessOf(caller, record) : null;
  }

  /** The same, whether it has ended or not. */
  accessOf(caller: Caller, record: SessionRecord): Access | null {
    if (this.#owns(caller, record)) return { record, role: "owner", who: ownerOf(record), memberId: null };
    const { session } = caller;
    if (session.record === null || !isOrder(record)) return null;
    const { members } = orderIn(record.data);
    // A browser that was let in while it logged in is still known by its session.
    for (const memberId of [memberIdOf(session), session.id]) {
      const member = members[memberId];
      if (member === undefined) continue;
      const { participantId, name, role } = member;
      return { record, role, who: { participantId, name }, memberId };
    }
    return null;
  }

  /** An order is the account's that it belongs to, else the browser's that it was begun in. */
  #owns({ principal, session }: Caller, { id, owner, parentId }: SessionRecord): boolean {
    if (principal?.kind === "admin") return true;
    if (principal !== null && owner === ownerFor(principal)) return true;
    if (session.record === null || owner !== SHOP) return false;
    const account = this.#accountOrders.accountOf(id);
    return account === null ? parentId === session.id : account === session.subject;
  }
}

/**
 * Whether the shop made this session, for a browser or with an API key. What browsers make at the service is no order,
 * whatever it holds.
 */
export function isOrder({ owner }: SessionRecord): boolean {
  return !owner.startsWith("browser:");
}

/** What an order that lets somebody in knows them by: their account where they are logged in, else their browser. */
export function memberIdOf({ id, subject }: Pick<Session, "id" | "subject">): string {
  return subject ?? id;
}

/** The owner of an order, among its participants. */
export function ownerOf({ metadata, name }: SessionRecord): Who {
  const { customerName } = metadata;
  const said = typeof customerName === "string" ? customerName : (name ?? "");
  return { participantId: "owner", name: said.slice(0, LONGEST_NAME) };
}

/**
 * Runs what works on an order. One that ends meanwhile is not there, like any other: the codes of ended sessions would
 * make clients drop their own.
 *
 * @throws CoatcheckError `SESSION_NOT_FOUND` instead of `SESSION_REVOKED` and `SESSION_EXPIRED`.
 */
export async function whileThere<Value>(id: string, task: () => Promise<Value>): Promise<Value> {
  try {
    return await task();
  } catch (error) {
    const { code } = error instanceof CoatcheckError ? error : {};
    throw code === "SESSION_REVOKED" || code === "SESSION_EXPIRED" ? notFound(id) : error;
  }
}

/** Catches what a change of an order throws that has ended meanwhile; anything else goes on. */
export function unlessEnded(error: unknown): void {
  const isOver = error instanceof CoatcheckError && error.code.startsWith("SESSION_");
  if (!isOver) throw error;
}

/** Asked again in the step that changes the order: who was shut out in between changes nothing. */
export function requireStill({ memberId }: Access, order: OrderState, least: Role): void {
  if (memberId !== null) requireRole(order.members[memberId]?.role ?? null, least);
}

function requireRole(role: Role | null, least: Role): void {
  if (role !== null && ROLES.indexOf(role) >= ROLES.indexOf(least)) return;
  throw new CoatcheckError(
    "FORBIDDEN",
    role === null
      ? "You are no participant of this order any more."
      : `You may ${role} this order; this needs ${least === "owner" ? "its owner" : "the role to edit"}.`,
  );
}
