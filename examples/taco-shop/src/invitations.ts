import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, CoatcheckError, isLive, isSessionId, type SessionManager } from "coatcheck";
import type { Caller } from "coatcheck-server";
import { type Access, type Doorkeeper, isOrder, memberIdOf } from "./access.ts";
import type { Changes } from "./changes.ts";
import { NothingThere } from "./nothing-there.ts";
import {
  type Member,
  MOST_INVITATIONS,
  MOST_MEMBERS,
  type OrderState,
  orderIn,
  type Role,
} from "./order-state.ts";

const TOKEN = /^([0-9a-f-]{36})\.([\w-]{11})\.([\w-]{22})$/;
/** A new invitation; the token is nowhere else. */
export interface Invited {
  readonly invitationId: string;
  readonly token: string;
  readonly expiresAt: number;
}

/**
 * Lets others into an order. An invitation's token is the order's id, the invitation's id and a secret of 128 bits, of
 * which the session holds the digest. Whoever presents it is let in as the account that they are logged in to, else as the browser that they use.
 */
export class Invitations {
  readonly #manager: SessionManager;
  readonly #doorkeeper: Doorkeeper;
  readonly #changes: Changes;
  readonly #clock: Clock;

  constructor(manager: SessionManager, doorkeeper: Doorkeeper, changes: Changes, clock: Clock) {
    this.#manager = manager;
    this.#doorkeeper = doorkeeper;
    this.#changes = changes;
    this.#clock = clock;
  }

  /** @param lifetime milliseconds. @throws CoatcheckError `CONFLICT` when there are too many already. */
  async invite(access: Access, role: Member["role"], lifetime: number): Promise<Invited> {
    const invitationId = randomBytes(8).toString("base64url");
    const secret = randomBytes(16).toString("base64url");
    const expiresAt = this.#clock.now() + lifetime;
    await this.#changes.here(access, { what: "invited", least: "owner" }, (order, now) => {
      const standing = Object.entries(order.invitations).filter(([, each]) => each.expiresAt > now);
      if (standing.length >= MOST_INVITATIONS) throw tooMany("invitations");
      const invitation = { role, secretHash: hash("sha256", secret), createdAt: now, expiresAt, uses: 0 };
      return { ...order, invitations: { ...Object.fromEntries(standing), [invitationId]: invitation } };
    });
    return { invitationId, expiresAt, token: `${access.record.id}.${invitationId}.${secret}` };
  }

  /**
   * Takes an invitation back; who came in by it is out.
   *
   * @returns how many they were.
   */
  async revoke(access: Access, invitationId: string): Promise<number> {
    let removed = 0;
    await this.#changes.here(access, { what: "uninvited", least: "owner" }, (order) => {
      if (!Object.hasOwn(order.invitations, invitationId)) throw new NothingThere("invitationId");
      const { [invitationId]: _revoked, ...invitations } = order.invitations;
      const members = membersWithout(order, (member) => member.invitationId === invitationId);
      removed = Object.keys(order.members).length - Object.keys(members).length;
      return { ...order, invitations, members };
    });
    return removed;
  }

  /** Shuts one participant out. */
  async exclude(access: Access, participantId: string): Promise<void> {
    await this.#changes.here(access, { what: "excluded", least: "owner" }, (order) => {
      const members = membersWithout(order, (member) => member.participantId === participantId);
      if (Object.keys(members).length === Object.keys(order.members).length) {
        throw new NothingThere("participantId");
      }
      return { ...order, members };
    });
  }

  /** A guest goes. Throws `CONFLICT` for the owner, without whom there is no order. */
  async leave(access: Access): Promise<void> {
    const { memberId } = access;
    if (memberId === null) {
      throw new CoatcheckError("CONFLICT", "Its owner does not leave an order; end the order instead.", {
        faults: [{ path: "participantId", message: "is the owner's" }],
      });
    }
    await this.#changes.here(access, { what: "left", least: "view" }, (order) => {
      const { [memberId]: _gone, ...members } = order.members;
      return { ...order, members };
    });
  }

  /**
   * Lets the caller's browser in, or the account that it is logged in to. Coming again with a better invitation raises the role; whoever owns the order stays
   * its owner.
   *
   * @throws CoatcheckError `FORBIDDEN` for a token that opens nothing, `VALIDATION_FAILED` for what is no token.
   */
  async accept(caller: Caller, token: string, name: string): Promise<{ sessionId: string; role: Role }> {
    const [, orderId, invitationId, secret] = TOKEN.exec(token) ?? [];
    if (!isSessionId(orderId) || invitationId === undefined || secret === undefined) {
      throw new CoatcheckError("VALIDATION_FAILED", "This is no invitation.", {
        faults: [{ path: "token", message: "is not complete" }],
      });
    }
    const record = await this.#manager.find(orderId);
    const isThere = record !== null && isOrder(record) && isLive(record, this.#clock.now());
    if (!isThere) throw closed("the order is no longer there");
    requireInvitation(orderIn(record.data), invitationId, secret, this.#clock.now());
    const known = this.#doorkeeper.accessOf(caller, record);
    if (known?.role === "owner") return { sessionId: orderId, role: "owner" };

    const participantId = known?.who.participantId ?? randomBytes(8).toString("base64url");
    const memberId = known?.memberId ?? memberIdOf(caller.session);
    const access: Access = { record, role: "view", who: { participantId, name }, memberId: null };
    const order = await this.#changes.here(access, { what: "joined", least: "view" }, (current, now) => {
      const invitation = requireInvitation(current, invitationId, secret, now);
      const before = current.members[memberId];
      if (!before && Object.keys(current.members).length >= MOST_MEMBERS) throw tooMany("participants");
      const keeps = before?.role === "edit" && invitation.role === "view";
      const by = keeps ? before : { role: invitation.role, invitationId };
      const member = {
        participantId,
        name,
        joinedAt: before?.joinedAt ?? now,
        role: by.role,
        invitationId: by.invitationId,
      };
      const used = { ...invitation, uses: invitation.uses + 1 };
      return {
        ...current,
        invitations: { ...current.invitations, [invitationId]: used },
        members: { ...current.members, [memberId]: member },
      };
    });
    return { sessionId: orderId, role: order.members[memberId]?.role ?? "view" };
  }
}

function requireInvitation(order: OrderState, invitationId: string, secret: string, now: number) {
  const invitation = Object.hasOwn(order.invitations, invitationId) ? order.invitations[invitationId] : null;
  const digest = Buffer.from(hash("sha256", secret));
  if (!invitation || !timingSafeEqual(digest, Buffer.from(invitation.secretHash))) {
    throw closed("it was taken back, or never made");
  }
  if (invitation.expiresAt <= now) throw closed("it has expired");
  return invitation;
}

function membersWithout(order: OrderState, isOut: (member: Member) => boolean): OrderState["members"] {
  return Object.fromEntries(Object.entries(order.members).filter(([, member]) => !isOut(member)));
}

function closed(why: string): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", `This invitation opens nothing: ${why}.`, {
    faults: [{ path: "token", message: why }],
  });
}

function tooMany(what: string): CoatcheckError {
  return new CoatcheckError("CONFLICT", `This order has as many ${what} as it may; take one back first.`);
}
