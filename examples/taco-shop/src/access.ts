import { type Clock, CoatcheckError, isLive, type SessionManager, type SessionRecord } from "coatcheck";
import { type Caller, notFound, owns } from "coatcheck-server";
import { type OrderState, orderIn, ROLES, type Role, type Who } from "./order-state.ts";

/** Somebody's way into one order session. */
export interface Access {
  readonly record: SessionRecord;
  readonly role: Role;
  readonly who: Who;
  /** The browser's session that was invited; null for whoever owns the order. */
  readonly memberId: string | null;
}

/** Finds order sessions for those who own them or were let in. */
export class Doorkeeper {
  readonly #manager: SessionManager;
  readonly #clock: Clock;

  constructor(manager: SessionManager, clock: Clock) {
    this.#manager = manager;
    this.#clock = clock;
  }

  /**
   * @param least the role that is needed.
   * @throws CoatcheckError `SESSION_NOT_FOUND` for a session that is not there, has ended, or is somebody else's: the
   * answer does not tell which. `FORBIDDEN` for a lesser role.
   */
  async admit(caller: Caller, id: string, least: Role): Promise<Access> {
    const record = await this.#manager.find(id);
    const access = record && isLive(record, this.#clock.now()) ? accessOf(caller, record) : null;
    if (access === null) throw notFound(id);
    requireRole(access.role, least);
    return access;
  }
}

/** How the caller may come into this session; null if not at all. */
export function accessOf(caller: Caller, record: SessionRecord): Access | null {
  const isNobody = caller.principal === null && caller.session.record === null;
  if (!isNobody && owns(caller, record)) {
    return { record, role: "owner", who: ownerOf(record), memberId: null };
  }
  const memberId = caller.session.record === null ? null : caller.session.id;
  const member = memberId === null ? undefined : orderIn(record.data).members[memberId];
  if (member === undefined) return null;
  const { participantId, name, role } = member;
  return { record, role, who: { participantId, name }, memberId };
}

/** The owner of an order, among its participants. */
export function ownerOf({ metadata, name }: SessionRecord): Who {
  const { customerName } = metadata;
  return { participantId: "owner", name: typeof customerName === "string" ? customerName : (name ?? "") };
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
