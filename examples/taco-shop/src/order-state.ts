import { CoatcheckError, type JsonObject } from "coatcheck";
import { z } from "zod";

/** The roles of a participant, in ascending order. Each role includes the permissions of the lower roles. */
export const ROLES = ["view", "edit", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** The kinds of history entries. */
export const ACTIONS = [
  "added",
  "replaced",
  "quantity",
  "removed",
  "emptied",
  "ordered",
  "invited",
  "uninvited",
  "joined",
  "left",
  "excluded",
] as const;

const participant = z.object({ participantId: z.string(), name: z.string() });
const item = z.object({ kind: z.string(), id: z.number() });
const intent = z.object({
  at: z.number(),
  who: participant,
  what: z.enum(ACTIONS),
  item: item.optional(),
  /** The number of the order that was placed. */
  order: z.number().optional(),
});
/** `refused`: the backend changed nothing. `unknown`: the request was sent, but no response arrived. */
const outcome = z.enum(["done", "refused", "unknown"]);
const entry = intent.extend({ number: z.number(), outcome });
const invitation = z.object({
  role: z.enum(["view", "edit"]),
  secretHash: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  uses: z.number(),
});
const member = z.object({
  participantId: z.string(),
  name: z.string(),
  role: z.enum(["view", "edit"]),
  joinedAt: z.number(),
  invitationId: z.string(),
});

const orderState = z.object({
  /** Incremented when a change starts and again when its outcome is recorded. */
  revision: z.number(),
  /** Changes that the backend has not confirmed or rejected yet, by random id. */
  pending: z.record(z.string(), intent),
  /** The owner's name that guests see; empty if the owner entered none. */
  ownerName: z.string().default(""),
  /** The newest entries of the history. */
  history: z.array(entry),
  invitations: z.record(z.string(), invitation),
  /** The guests, by account id or browser session id. */
  members: z.record(z.string(), member),
  /** The placed order that ended the session. A repeated request with the same idempotency key returns it. */
  placed: z.object({ key: z.string(), order: z.record(z.string(), z.unknown()) }).nullable(),
});

/** The participant who requested a change. */
export type Actor = z.output<typeof participant>;
export type Item = z.output<typeof item>;
export type IntendedChange = z.output<typeof intent>;
export type Outcome = z.output<typeof outcome>;
export type HistoryEntry = z.output<typeof entry>;
export type Invitation = z.output<typeof invitation>;
export type Member = z.output<typeof member>;
/** The shop's own state of an order. The backend stores the cart. */
export type OrderState = z.output<typeof orderState>;

/*
 * A session's data is limited to 64 KB. With the following limits, every order is smaller than that, so that no
 * guest can block the changes of other participants.
 */

/** The maximum length of a participant's name, in characters. */
export const MAX_NAME_LENGTH = 40;
export const MAX_INVITATIONS = 20;
export const MAX_MEMBERS = 30;
/** The session contains the newest history entries, at most this many. `OrderHistory` stores all entries. */
const MAX_RECENT_ENTRIES = 100;
const MAX_PENDING_CHANGES = 50;
/**
 * The age at which a pending change is treated as lost, in milliseconds. It is several times the gateway's timeout. By
 * then, the process that started the change has recorded an outcome or has died.
 */
const MAX_CHANGE_AGE = 60_000;

const NEW_ORDER: OrderState = {
  revision: 0,
  ownerName: "",
  pending: {},
  history: [],
  invitations: {},
  members: {},
  placed: null,
};

/**
 * The member of a session's data that stores the order. The service neither returns nor changes members whose names
 * begin with `$`, so only the shop can read or change the order.
 */
export const ORDER_MEMBER = "$order";

/** Parses a stored order. Returns null if the value is not an order. */
export function readOrder(value: unknown): OrderState | null {
  return orderState.safeParse(value).data ?? null;
}

/** Parses an entry of the stored history. */
export const readEntry = (value: unknown): HistoryEntry => entry.parse(value);

/** Returns the order in a session's data, or a new one. */
export function orderOf(data: JsonObject): OrderState {
  return readOrder(data[ORDER_MEMBER]) ?? NEW_ORDER;
}

/**
 * Returns the data with a changed order. Revision, history and change are one value, so one write stores them
 * atomically.
 */
export function withOrder(data: JsonObject, change: (order: OrderState) => OrderState): JsonObject {
  return { ...data, [ORDER_MEMBER]: change(orderOf(data)) as JsonObject };
}

/**
 * Returns the order with a pending change. Called before the request to the backend. Until {@link withOutcome} records
 * its outcome, changes that require a certain revision are rejected.
 *
 * @param ifRevision the revision that the order must have; null for any.
 * @throws CoatcheckError `CONFLICT` if the order has too many pending changes. With an `ifRevision`, also if the order
 * has another revision or any pending change.
 */
export function withPendingChange(
  order: OrderState,
  changeId: string,
  change: IntendedChange,
  ifRevision: number | null,
): OrderState {
  const current = withLostChangesMoved(order, change.at);
  if (ifRevision !== null && (ifRevision !== order.revision || Object.keys(current.pending).length > 0)) {
    throw new CoatcheckError(
      "CONFLICT",
      "The order has changed since you read it. Read the order again, then retry.",
      {
        faults: [{ path: "If-Match", message: `is out of date; the current revision is ${order.revision}` }],
      },
    );
  }
  if (Object.keys(current.pending).length >= MAX_PENDING_CHANGES) {
    throw new CoatcheckError("CONFLICT", "This order has too many pending changes. Try again shortly.");
  }
  const pending = { ...current.pending, [changeId]: change };
  return { ...current, revision: current.revision + 1, pending };
}

/**
 * Returns the order with a pending change moved to its history. A repeated request to place the same order adds no
 * second entry.
 */
export function withOutcome(
  order: OrderState,
  changeId: string,
  change: IntendedChange,
  outcome: Outcome,
): OrderState {
  const { [changeId]: _settled, ...pending } = order.pending;
  const isSameOrder = (entry: HistoryEntry) => entry.outcome === "done" && entry.order === change.order;
  if (change.order !== undefined && order.history.some(isSameOrder)) {
    return { ...order, pending, revision: order.revision + 1 };
  }
  return withEntry({ ...order, pending }, change, outcome);
}

/** Returns the order with a new history entry and an incremented revision. */
export function withEntry(order: OrderState, change: IntendedChange, outcome: Outcome = "done"): OrderState {
  const number = (order.history.at(-1)?.number ?? 0) + 1;
  const history = [...order.history, { number, ...change, outcome }].slice(-MAX_RECENT_ENTRIES);
  return { ...order, revision: order.revision + 1, history };
}

/** The shop as the participant of changes that no person made. */
const SHOP_ACTOR: Actor = { participantId: "shop", name: "Le Vestiaire à Tacos" };

/** Returns the order after the backend has lost its cart. A new history entry says that the shop emptied the cart. */
export function withCartLost(order: OrderState, at: number): OrderState {
  return withEntry(order, { at, who: SHOP_ACTOR, what: "emptied" });
}

/** Returns the order with a guest moved to another member id. If both ids are members, keeps the higher role. */
export function withMemberMoved(order: OrderState, from: string, to: string): OrderState {
  const { [from]: moved, ...members } = order.members;
  if (moved === undefined) return order;
  const existingMember = members[to];
  return {
    ...order,
    members: { ...members, [to]: existingMember?.role === "edit" ? existingMember : moved },
  };
}

/**
 * If the process that started a pending change has died, moves the change to the history, with the outcome `unknown`.
 */
function withLostChangesMoved(order: OrderState, now: number): OrderState {
  return Object.entries(order.pending)
    .filter(([, { at }]) => at + MAX_CHANGE_AGE < now)
    .reduce((current, [id, change]) => withOutcome(current, id, change, "unknown"), order);
}
