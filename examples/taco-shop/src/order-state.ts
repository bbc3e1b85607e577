import { CoatcheckError, type JsonObject } from "coatcheck";
import { z } from "zod";

/** What somebody may do with an order; each may what those before it may. */
export const ROLES = ["view", "edit", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** What happened to an order. */
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

const who = z.object({ participantId: z.string(), name: z.string() });
const item = z.object({ kind: z.string(), id: z.number() });
const intent = z.object({
  at: z.number(),
  who,
  what: z.enum(ACTIONS),
  item: item.optional(),
  /** The number of the order that was placed. */
  order: z.number().optional(),
});
/** `refused`: the backend did not do it. `unknown`: it was asked, and whether it did it nobody knows. */
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
  /** Grows with every change, and with every attempt at one. */
  revision: z.number(),
  /** Changes that the backend has been asked for and that have not ended. */
  pending: z.record(z.string(), intent),
  history: z.array(entry),
  invitations: z.record(z.string(), invitation),
  /** Who has come in, by the id of their account, or of their browser's session. */
  members: z.record(z.string(), member),
  /** The order that the session ended with, to answer those who ask again. */
  placed: z.object({ key: z.string(), order: z.record(z.string(), z.unknown()) }).nullable(),
});

export type Who = z.output<typeof who>;
export type Item = z.output<typeof item>;
export type Intent = z.output<typeof intent>;
export type Outcome = z.output<typeof outcome>;
export type Entry = z.output<typeof entry>;
export type Invitation = z.output<typeof invitation>;
export type Member = z.output<typeof member>;
/** What the shop itself keeps of an order; the cart is the backend's. */
export type OrderState = z.output<typeof orderState>;

/*
 * A session holds 64 KB. With these an order stays below, whatever its participants call themselves and however many
 * edit it at once; nobody who was let in can fill it up for the others.
 */

/** Characters of a participant's name. */
export const LONGEST_NAME = 40;
export const MOST_INVITATIONS = 20;
export const MOST_MEMBERS = 30;
const LONGEST_HISTORY = 100;
const MOST_PENDING = 50;
/** Milliseconds after which whoever began a change must have died: several times the gateway's deadline. */
const LONGEST_CHANGE = 60_000;

const FRESH: OrderState = {
  revision: 0,
  pending: {},
  history: [],
  invitations: {},
  members: {},
  placed: null,
};

/**
 * The member of a session's data that holds the order. A name that begins with `$` is the shop's own: at the service
 * nobody reads or writes it, whoever owns the session.
 */
export const ORDER = "$order";

/** The order that a value is; null for what is none. */
export function readOrder(value: unknown): OrderState | null {
  return orderState.safeParse(value).data ?? null;
}

/** The order in a session's data; a fresh one where there is none. */
export function orderIn(data: JsonObject): OrderState {
  return readOrder(data[ORDER]) ?? FRESH;
}

/** The data with its order changed: one value, so that revision, history and change are written in one step. */
export function withOrder(data: JsonObject, change: (order: OrderState) => OrderState): JsonObject {
  return { ...data, [ORDER]: change(orderIn(data)) as JsonObject };
}

/**
 * The order with a change announced that the backend is about to be asked for. From here to {@link settled}, who wants
 * to change only what they have seen must wait.
 *
 * @param ifRevision the revision that was seen; null for whoever does not care.
 * @throws CoatcheckError `CONFLICT` when the order has moved on since, or is about to; and when too much is under way.
 */
export function announced(
  order: OrderState,
  changeId: string,
  change: Intent,
  ifRevision: number | null,
): OrderState {
  const current = withoutLost(order, change.at);
  if (ifRevision !== null && (ifRevision !== order.revision || Object.keys(current.pending).length > 0)) {
    throw new CoatcheckError("CONFLICT", "Somebody else has changed this order; read it again.", {
      faults: [{ path: "If-Match", message: `is not the present revision, ${order.revision}` }],
    });
  }
  if (Object.keys(current.pending).length >= MOST_PENDING) {
    throw new CoatcheckError("CONFLICT", "Too many changes of this order are under way; try again.");
  }
  const pending = { ...current.pending, [changeId]: change };
  return { ...current, revision: current.revision + 1, pending };
}

/**
 * The order with the end of an announced change in its history. An order is placed once, however often its customer
 * asks for it: asking again is no news.
 */
export function settled(order: OrderState, changeId: string, change: Intent, outcome: Outcome): OrderState {
  const { [changeId]: _ended, ...pending } = order.pending;
  const isKnown = (entry: Entry) => entry.outcome === "done" && entry.order === change.order;
  if (change.order !== undefined && order.history.some(isKnown)) {
    return { ...order, pending, revision: order.revision + 1 };
  }
  return noted({ ...order, pending }, change, outcome);
}

/** The order one revision on, with one more entry in its history. */
export function noted(order: OrderState, change: Intent, outcome: Outcome = "done"): OrderState {
  const number = (order.history.at(-1)?.number ?? 0) + 1;
  const history = [...order.history, { number, ...change, outcome }].slice(-LONGEST_HISTORY);
  return { ...order, revision: order.revision + 1, history };
}

/** The order with a member under another id. Who is known by that one already keeps the better role. */
export function withMemberMoved(order: OrderState, from: string, to: string): OrderState {
  const { [from]: moved, ...members } = order.members;
  if (moved === undefined) return order;
  const known = members[to];
  return { ...order, members: { ...members, [to]: known?.role === "edit" ? known : moved } };
}

/** A change whose process died stands in the history as one of which nobody knows how it ended. */
function withoutLost(order: OrderState, now: number): OrderState {
  return Object.entries(order.pending)
    .filter(([, { at }]) => at + LONGEST_CHANGE < now)
    .reduce((current, [id, change]) => settled(current, id, change, "unknown"), order);
}
