import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, CoatcheckError, isLive, isSessionId, type SessionManager } from "coatcheck";
import type { Caller } from "coatcheck-server";
import type { Changes } from "./changes.ts";
import { type Access, isOrder, memberIdOf, type OrderAccess } from "./order-access.ts";
import {
  MAX_INVITATIONS,
  MAX_MEMBERS,
  type Member,
  type OrderState,
  orderOf,
  type Role,
} from "./order-state.ts";
import { PathNotFoundError } from "./path-not-found-error.ts";

const TOKEN_PATTERN = /^([0-9a-f-]{36})\.([\w-]{11})\.([\w-]{22})$/;

/** The fields of a new invitation. */
interface InvitationOptions {
  readonly role: Member["role"];
  readonly lifetime: number;
  readonly name?: string | undefined;
}

/** The information about an order that the invitation shows before a guest joins. */
export interface InvitationView {
  readonly role: Role;
  /** The owner's name; empty if the owner entered none. */
  readonly owner: string;
  /** The number of participants, including the owner. */
  readonly participants: number;
}

/** A new invitation. The token is not stored, so it cannot be read again. */
export interface CreatedInvitation {
  readonly invitationId: string;
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Manages the invitations to an order, and the guests who accepted them. An invitation's token consists of the order's
 * id, the invitation's id and a secret of 128 bits. The order's session stores only the SHA-256 of the secret.
 * Accepting an invitation adds the caller to the order's members, under the id of the caller's account or, without a
 * login, of the browser's session.
 */
export class Invitations {
  readonly #manager: SessionManager;
  readonly #orderAccess: OrderAccess;
  readonly #changes: Changes;
  readonly #clock: Clock;

  constructor(manager: SessionManager, orderAccess: OrderAccess, changes: Changes, clock: Clock) {
    this.#manager = manager;
    this.#orderAccess = orderAccess;
    this.#changes = changes;
    this.#clock = clock;
  }

  /**
   * Creates an invitation, in one atomic write.
   *
   * @param options `lifetime`: milliseconds. `name`: the owner's name that guests see from now on.
   * @throws CoatcheckError `CONFLICT` if the order already has `MAX_INVITATIONS` live invitations.
   */
  async invite(access: Access, { role, lifetime, name }: InvitationOptions): Promise<CreatedInvitation> {
    const invitationId = randomBytes(8).toString("base64url");
    const secret = randomBytes(16).toString("base64url");
    const expiresAt = this.#clock.now() + lifetime;
    await this.#changes.changeInSession(access, { what: "invited", minRole: "owner" }, (order, now) => {
      const live = Object.entries(order.invitations).filter(([, each]) => each.expiresAt > now);
      if (live.length >= MAX_INVITATIONS) throw tooManyError("invitations", MAX_INVITATIONS);
      const invitation = { role, secretHash: hash("sha256", secret), createdAt: now, expiresAt, uses: 0 };
      const ownerName = name ?? order.ownerName;
      return {
        ...order,
        ownerName,
        invitations: { ...Object.fromEntries(live), [invitationId]: invitation },
      };
    });
    return { invitationId, expiresAt, token: `${access.record.id}.${invitationId}.${secret}` };
  }

  /**
   * Revokes an invitation and removes the guests who joined with it.
   *
   * @returns the number of removed guests.
   * @throws CoatcheckError `VALIDATION_FAILED` with status 404 if the invitation does not exist.
   */
  async revoke(access: Access, invitationId: string): Promise<number> {
    let removed = 0;
    await this.#changes.changeInSession(access, { what: "uninvited", minRole: "owner" }, (order) => {
      if (!Object.hasOwn(order.invitations, invitationId)) throw new PathNotFoundError("invitationId");
      const { [invitationId]: _revoked, ...invitations } = order.invitations;
      const members = membersWithout(order, (member) => member.invitationId === invitationId);
      removed = Object.keys(order.members).length - Object.keys(members).length;
      return { ...order, invitations, members };
    });
    return removed;
  }

  /** Removes a guest. Throws `VALIDATION_FAILED` with status 404 if the participant does not exist. */
  async exclude(access: Access, participantId: string): Promise<void> {
    await this.#changes.changeInSession(access, { what: "excluded", minRole: "owner" }, (order) => {
      const members = membersWithout(order, (member) => member.participantId === participantId);
      if (Object.keys(members).length === Object.keys(order.members).length) {
        throw new PathNotFoundError("participantId");
      }
      return { ...order, members };
    });
  }

  /** Removes the caller from the guests. Throws `CONFLICT` if the caller is the owner, who cannot leave. */
  async leave(access: Access): Promise<void> {
    const { memberId } = access;
    if (memberId === null) {
      throw new CoatcheckError("CONFLICT", "The owner cannot leave an order. End the order instead.", {
        faults: [{ path: "participantId", message: "is the owner" }],
      });
    }
    await this.#changes.changeInSession(access, { what: "left", minRole: "view" }, (order) => {
      const { [memberId]: _removed, ...members } = order.members;
      return { ...order, members };
    });
  }

  /**
   * Adds the caller to the order's guests, under the id of the caller's account or, without a login, of the browser's
   * session. A guest who accepts a second invitation gets the higher of the two roles. The owner keeps the role
   * `owner`.
   *
   * @param name the name that the other participants see.
   * @throws CoatcheckError `VALIDATION_FAILED` for a malformed token. `FORBIDDEN` when the order has ended, or the
   * invitation has expired, was revoked or never existed. `CONFLICT` if the order already has `MAX_MEMBERS` guests.
   */
  async accept(caller: Caller, token: string, name: string): Promise<{ sessionId: string; role: Role }> {
    const { record, invitationId, secret } = await this.#findInvitation(token);
    const { id: orderId } = record;
    const currentAccess = this.#orderAccess.accessOf(caller, record);
    if (currentAccess?.role === "owner") return { sessionId: orderId, role: "owner" };

    const participantId = currentAccess?.who.participantId ?? randomBytes(8).toString("base64url");
    const memberId = currentAccess?.memberId ?? memberIdOf(caller.session);
    const access: Access = { record, role: "view", who: { participantId, name }, memberId: null };
    const order = await this.#changes.changeInSession(
      access,
      { what: "joined", minRole: "view" },
      (current, now) => {
        const invitation = requireInvitation(current, invitationId, secret, now);
        const before = current.members[memberId];
        if (!before && Object.keys(current.members).length >= MAX_MEMBERS) {
          throw tooManyError("guests", MAX_MEMBERS);
        }
        const keepsRole = before?.role === "edit" && invitation.role === "view";
        const grant = keepsRole ? before : { role: invitation.role, invitationId };
        const member = {
          participantId,
          name,
          joinedAt: before?.joinedAt ?? now,
          role: grant.role,
          invitationId: grant.invitationId,
        };
        const used = { ...invitation, uses: invitation.uses + 1 };
        return {
          ...current,
          invitations: { ...current.invitations, [invitationId]: used },
          members: { ...current.members, [memberId]: member },
        };
      },
    );
    return { sessionId: orderId, role: order.members[memberId]?.role ?? "view" };
  }

  /**
   * Describes the order of an invitation without joining the order. Throws the errors of {@link accept} that concern
   * the token.
   */
  async check(token: string): Promise<InvitationView> {
    const { record, invitation } = await this.#findInvitation(token);
    const owner = this.#orderAccess.ownerOf(record).name;
    const participants = Object.keys(orderOf(record.data).members).length + 1;
    return { role: invitation.role, owner, participants };
  }

  /** Returns the live order and the invitation of a token. */
  async #findInvitation(token: string) {
    const [, orderId, invitationId, secret] = TOKEN_PATTERN.exec(token) ?? [];
    if (!isSessionId(orderId) || invitationId === undefined || secret === undefined) {
      throw new CoatcheckError(
        "VALIDATION_FAILED",
        "Invalid invitation: the token is malformed. Copy the whole link.",
        {
          faults: [{ path: "token", message: "is malformed" }],
        },
      );
    }
    const record = await this.#manager.find(orderId);
    const isLiveOrder = record !== null && isOrder(record) && isLive(record, this.#clock.now());
    if (!isLiveOrder) throw invalidInvitationError("the order has ended or does not exist");
    const invitation = requireInvitation(orderOf(record.data), invitationId, secret, this.#clock.now());
    return { record, invitationId, secret, invitation };
  }
}

function requireInvitation(order: OrderState, invitationId: string, secret: string, now: number) {
  const invitation = Object.hasOwn(order.invitations, invitationId) ? order.invitations[invitationId] : null;
  const digest = Buffer.from(hash("sha256", secret));
  if (!invitation || !timingSafeEqual(digest, Buffer.from(invitation.secretHash))) {
    throw invalidInvitationError("it was revoked or never existed");
  }
  if (invitation.expiresAt <= now) throw invalidInvitationError("it has expired");
  return invitation;
}

function membersWithout(order: OrderState, isRemoved: (member: Member) => boolean): OrderState["members"] {
  return Object.fromEntries(Object.entries(order.members).filter(([, member]) => !isRemoved(member)));
}

function invalidInvitationError(reason: string): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", `Invalid invitation: ${reason}.`, {
    faults: [{ path: "token", message: reason }],
  });
}

function tooManyError(what: string, max: number): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    `This order already has ${max} ${what}, the maximum. Remove one first.`,
  );
}
