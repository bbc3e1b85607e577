import { CoatcheckError, type JsonObject } from "coatcheck";
import { z } from "zod";

/** The roles of a participant, in ascending order: each role includes the permissions of those before it. */
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
/** `refused`: the backend changed nothing. `unknown`: the request was sent, but its result never arrived. */
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
  /** Incremented by every change and by every attempted change. */
  revision: z.number(),
  /** Changes that were requested from the backend and have no outcome yet, by random id. */
  pending: z.record(z.string(), intent),
  /** The owner's name, as the guests see it; empty if the owner gave none. */
  ownerName: z.string().default(""),
  /** The newest entries. */
  history: z.array(entry),
  invitations: z.record(z.string(), invitation),
  /** The guests, by account id or browser session id. */
  members: z.record(z.string(), member),
  /** The order whose placement ended the session, for a repeated request with the same idempotency key. */
  placed: z.object({ key: z.string(), order: z.record(z.string(), z.unknown()) }).nullable(),
});

/** The participant who requests or requested a change. */
export type Actor = z.output<typeof participant>;
export type Item = z.output<typeof item>;
export type Intent = z.output<typeof intent>;
export type Outcome = z.output<typeof outcome>;
export type Entry = z.output<typeof entry>;
export type Invitation = z.output<typeof invitation>;
export type Member = z.output<typeof member>;
/** The shop's own state of an order. The backend stores the cart. */
export type OrderState = z.output<typeof orderState>;

/*
 * A session's data is limited to 64 KB. These limits keep an order below that, whatever names the participants choose
 * and however many edit it at once. No guest can fill it up for the others.
 */

/** The maximum length of a participant's name, in characters. */
export const MAX_NAME_LENGTH = 40;
export const MAX_INVITATIONS = 20;
export const MAX_MEMBERS = 30;
/** Entries of the history that the session contains, the newest ones. `OrderHistory` keeps all of them. */
const MAX_RECENT = 100;
const MAX_PENDING = 50;
/**
 * Milliseconds after which a pending change counts as lost. Several times the gateway's deadline: by then, the process
 * that started it has recorded an outcome or has died.
 */
const MAX_CHANGE_DURATION = 60_000;

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
 * begin with `$`, so only the shop can.
 */
export const ORDER = "$order";

/** Parses a stored order; null if the value is not one. */
export function readOrder(value: unknown): OrderState | null {
  return orderState.safeParse(value).data ?? null;
}

/** Parses an entry of the stored history. */
export const readEntry = (value: unknown): Entry => entry.parse(value);

/** Returns the order in a session's data, or a new one. */
export function orderOf(data: JsonObject): OrderState {
  return readOrder(data[ORDER]) ?? NEW_ORDER;
}

/** Returns the data with its order changed. Revision, history and change are one value and thus one atomic write. */
export function withOrder(data: JsonObject, change: (order: OrderState) => OrderState): JsonObject {
  return { ...data, [ORDER]: change(orderOf(data)) as JsonObject };
}

/**
 * Returns the order with a pending change, before the request to the backend. Until {@link withOutcome} records its outcome,
 * changes that require a certain revision are rejected.
 *
 * @param ifRevision the revision that the order must have; null for any.
 * @throws CoatcheckError `CONFLICT` when the order has another revision or, with an `ifRevision`, has pending changes;
 * also when it has too many pending changes.
 */
export function withPendingChange(
  order: OrderState,
  changeId: string,
  change: Intent,
  ifRevision: number | null,
): OrderState {
  const current = withLostChangesMoved(order, change.at);
  if (ifRevision !== null && (ifRevision !== order.revision || Object.keys(current.pending).length > 0)) {
    throw new CoatcheckError("CONFLICT", "The order has changed since it was read. Read it again.", {
      faults: [{ path: "If-Match", message: `is not the current revision, ${order.revision}` }],
    });
  }
  if (Object.keys(current.pending).length >= MAX_PENDING) {
    throw new CoatcheckError("CONFLICT", "This order has too many pending changes. Retry later.");
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
  change: Intent,
  outcome: Outcome,
): OrderState {
  const { [changeId]: _settled, ...pending } = order.pending;
  const isSameOrder = (entry: Entry) => entry.outcome === "done" && entry.order === change.order;
  if (change.order !== undefined && order.history.some(isSameOrder)) {
    return { ...order, pending, revision: order.revision + 1 };
  }
  return withEntry({ ...order, pending }, change, outcome);
}

/** Returns the order with one more history entry and its revision incremented. */
export function withEntry(order: OrderState, change: Intent, outcome: Outcome = "done"): OrderState {
  const number = (order.history.at(-1)?.number ?? 0) + 1;
  const history = [...order.history, { number, ...change, outcome }].slice(-MAX_RECENT);
  return { ...order, revision: order.revision + 1, history };
}

/** The shop itself, as the actor of changes that no participant made. */
const SHOP: Actor = { participantId: "shop", name: "Le Vestiaire à Tacos" };

/** Returns the order after the backend has lost its cart: emptied, by the shop. */
export function withCartLost(order: OrderState, at: number): OrderState {
  return withEntry(order, { at, who: SHOP, what: "emptied" });
}

/** Returns the order with a guest moved to another member id. If both ids are members, the better role wins. */
export function withMemberMoved(order: OrderState, from: string, to: string): OrderState {
  const { [from]: moved, ...members } = order.members;
  if (moved === undefined) return order;
  const known = members[to];
  return { ...order, members: { ...members, [to]: known?.role === "edit" ? known : moved } };
}

/** Moves pending changes whose process died to the history, with the outcome `unknown`. */
function withLostChangesMoved(order: OrderState, now: number): OrderState {
  return Object.entries(order.pending)
    .filter(([, { at }]) => at + MAX_CHANGE_DURATION < now)
    .reduce((current, [id, change]) => withOutcome(current, id, change, "unknown"), order);
}
