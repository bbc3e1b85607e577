import {
  type Clock,
  CoatcheckError,
  isLive,
  type Session,
  type SessionManager,
  type SessionRecord,
} from "coatcheck";
import { type Caller, ownerOf as ownerFor, sessionNotFound } from "coatcheck-server";
import type { AccountOrders } from "./accounts/account-orders.ts";
import { type Actor, MAX_NAME_LENGTH, type OrderState, orderOf, ROLES, type Role } from "./order-state.ts";

/**
 * The `owner` in the session record of every order that a browser creates. Only the shop knows which browser or account
 * an order belongs to. If the browser were the `owner`, it could end the order through the service, and the shop would
 * not notify the participants.
 */
export const SHOP_OWNER = "consumer:taco-shop";

/** A caller's access to one order session. */
export interface Access {
  readonly record: SessionRecord;
  readonly role: Role;
  readonly who: Actor;
  /** The guest's key in the order's `members`, by {@link memberIdOf}. Null for the owner. */
  readonly memberId: string | null;
}

/** Decides who may read or change an order session: its owner and the guests who accepted an invitation. */
export class OrderAccess {
  readonly #manager: SessionManager;
  readonly #accountOrders: AccountOrders;
  readonly #clock: Clock;

  constructor(manager: SessionManager, accountOrders: AccountOrders, clock: Clock) {
    this.#manager = manager;
    this.#accountOrders = accountOrders;
    this.#clock = clock;
  }

  /**
   * Returns the caller's access to a live order session.
   *
   * @param minRole the lowest role that is sufficient.
   * @throws CoatcheckError `SESSION_NOT_FOUND` for a session that does not exist, has ended, or that the caller has no
   * access to; the response does not reveal the reason. `FORBIDDEN` for a lower role.
   */
  async require(caller: Caller, id: string, minRole: Role): Promise<Access> {
    const access = await this.find(caller, id);
    if (access === null) throw sessionNotFound(id);
    requireRole(access.role, minRole);
    return access;
  }

  /** Returns the caller's access to a live order session, or null. */
  async find(caller: Caller, id: string): Promise<Access | null> {
    const record = await this.#manager.find(id);
    return record && this.liveAccessOf(caller, record);
  }

  /** Returns the caller's access to this session; null if the caller has no access or the session has ended. */
  liveAccessOf(caller: Caller, record: SessionRecord): Access | null {
    return isLive(record, this.#clock.now()) ? this.accessOf(caller, record) : null;
  }

  /** Like {@link liveAccessOf}, but also for a session that has ended. */
  accessOf(caller: Caller, record: SessionRecord): Access | null {
    if (this.#owns(caller, record)) return this.ownerAccess(record);
    const { session } = caller;
    if (session.record === null || !isOrder(record)) return null;
    const { members } = orderOf(record.data);
    // If a browser accepted an invitation while it was logging in, `members` contains its session id instead of its
    // account id.
    for (const memberId of [memberIdOf(session), session.id]) {
      const member = members[memberId];
      if (member === undefined) continue;
      const { participantId, name, role } = member;
      return { record, role, who: { participantId, name }, memberId };
    }
    return null;
  }

  /** Returns the owner's access to an order. */
  ownerAccess(record: SessionRecord): Access {
    return { record, role: "owner", who: this.ownerOf(record), memberId: null };
  }

  /** Returns the owner of an order as a participant, with the owner's name if it is known. */
  ownerOf({ id, metadata, data }: SessionRecord): Actor {
    const { customerName } = metadata;
    const given = typeof customerName === "string" ? customerName : "";
    const name = orderOf(data).ownerName || (this.#accountOrders.ownerName(id) ?? given);
    return { participantId: "owner", name: name.slice(0, MAX_NAME_LENGTH) };
  }

  /** Returns whether the caller owns an order. The owner is the order's account or, without an account, its browser. */
  #owns({ principal, session }: Caller, { id, owner, parentId }: SessionRecord): boolean {
    if (principal?.kind === "admin") return true;
    if (principal !== null && owner === ownerFor(principal)) return true;
    if (session.record === null || owner !== SHOP_OWNER) return false;
    const account = this.#accountOrders.accountOf(id);
    return account === null ? parentId === session.id : account === session.subject;
  }
}

/**
 * Returns whether the shop created this session as an order, for a browser or an API key. A session that a browser
 * created at the service is not an order, even if its data looks like an order.
 */
export function isOrder({ owner }: SessionRecord): boolean {
  return !owner.startsWith("browser:");
}

/**
 * Returns a guest's key in an order's `members`: the id of the guest's account or, without a login, of the browser's
 * session.
 */
export function memberIdOf({ id, subject }: Pick<Session, "id" | "subject">): string {
  return subject ?? id;
}

/**
 * Runs a task on an order session and reports an order that ends during the task as not found. The error codes of ended
 * sessions refer to the caller's own session, so clients would delete their own session.
 *
 * @throws CoatcheckError `SESSION_NOT_FOUND` instead of `SESSION_REVOKED` and `SESSION_EXPIRED`.
 */
export async function withEndedAsNotFound<Value>(id: string, task: () => Promise<Value>): Promise<Value> {
  try {
    return await task();
  } catch (error) {
    const { code } = error instanceof CoatcheckError ? error : {};
    throw code === "SESSION_REVOKED" || code === "SESSION_EXPIRED" ? sessionNotFound(id) : error;
  }
}

/**
 * A handler for `catch()` after a change of an order: ignores the error that the order has ended, and rethrows any
 * other error.
 */
export function ignoreEnded(error: unknown): void {
  const hasEnded = error instanceof CoatcheckError && error.code.startsWith("SESSION_");
  if (!hasEnded) throw error;
}

/** Checks a guest's role again inside the write, so that a guest who was just removed cannot change the order. */
export function requireCurrentRole({ memberId }: Access, order: OrderState, minRole: Role): void {
  if (memberId !== null) requireRole(order.members[memberId]?.role ?? null, minRole);
}

function requireRole(role: Role | null, minRole: Role): void {
  if (role !== null && ROLES.indexOf(role) >= ROLES.indexOf(minRole)) return;
  throw new CoatcheckError(
    "FORBIDDEN",
    role === null
      ? "You are no longer a participant of this order."
      : `Your role in this order is "${role}"; this request requires "${minRole}".`,
  );
}
