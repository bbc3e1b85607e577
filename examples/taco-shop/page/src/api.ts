import { SessionError, type SessionErrorCode } from "coatcheck/client";
import { client } from "./session.ts";
import type {
  Account,
  Cart,
  Fault,
  HistoryEntry,
  InvitationView,
  Kind,
  Menu,
  NewAccount,
  NewInvitation,
  OpenOrder,
  OrderMetadata,
  PastOrdersPage,
  People,
  PlacedOrder,
  PortionKind,
  Recipient,
  Role,
  Stock,
  TacoContent,
} from "./wire.ts";

/** The longest duration of a request, in milliseconds. */
const TIMEOUT = 15_000;

type Envelope<Data> =
  | { readonly success: true; readonly data: Data }
  | {
      readonly success: false;
      readonly error: {
        readonly code: SessionErrorCode;
        readonly message: string;
        readonly faults?: Fault[];
      };
    };

/** The error with which every function of this file rejects. */
export class ApiError extends Error {
  readonly code: SessionErrorCode;
  readonly faults: readonly Fault[];

  constructor(code: SessionErrorCode, message: string, faults: readonly Fault[] = []) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.faults = faults;
  }

  /** Returns the fault that the server reported for a field, if any. */
  faultAt(path: string): Fault | undefined {
    return this.faults.find((fault) => fault.path === path);
  }
}

/** Returns whether an error means that no response arrived. The request itself may be correct then. */
export const isConnectionError = (error: unknown): boolean =>
  (error instanceof ApiError || error instanceof SessionError) && error.code === "NETWORK";

/** Sends a request through the session client, which adds the CSRF token and reloads the session after a 401. */
async function call<Data>(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Data> {
  let envelope: Envelope<Data>;
  try {
    const response = await client.fetch(`/api/v1${path}`, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    envelope = await response.json();
  } catch (cause) {
    // A SessionError means that the request was not sent, because a logout is still pending. Any other error means that
    // no valid response arrived.
    throw new ApiError(cause instanceof SessionError ? cause.code : "NETWORK", String(cause));
  }
  if (envelope.success) return envelope.data;
  const { code, message, faults } = envelope.error;
  throw new ApiError(code, message, faults);
}

const orderPath = (id: string) => `/sessions/${id}`;
const readChangedCart = async (change: Promise<{ readonly cart: Cart }>) => (await change).cart;

export const createAccount = (account: NewAccount) => call<Account>("POST", "/accounts", account);
export const changeAccount = (change: Partial<Pick<Account, "name" | "language">>) =>
  call<Account>("PATCH", "/accounts/me", change);

export const readMenu = () => call<Menu>("GET", "/resources/menu");
export const readStock = () => call<Stock>("GET", "/resources/stock");

export const listOrders = async () =>
  (await call<{ sessions: OpenOrder[] }>("GET", "/sessions/mine")).sessions;
export const createOrder = (metadata: OrderMetadata) =>
  call<Omit<OpenOrder, "role">>("POST", "/sessions", { metadata });
export const endOrder = (id: string) => call<{ ended: number }>("DELETE", orderPath(id));

export const readCart = (id: string) => call<Cart>("GET", `${orderPath(id)}/cart`);
export const emptyCart = (id: string) => readChangedCart(call("DELETE", `${orderPath(id)}/cart`));
export const addTaco = (id: string, taco: TacoContent) =>
  readChangedCart(call("POST", `${orderPath(id)}/cart/tacos`, taco));
/** Rejects with `CONFLICT` if the order no longer has this revision. */
export const replaceTaco = (id: string, item: number, taco: TacoContent, revision: number) =>
  readChangedCart(call("PUT", `${orderPath(id)}/cart/tacos/${item}`, taco, { "if-match": `"${revision}"` }));
export const addPortion = (id: string, kind: PortionKind, product: string) =>
  readChangedCart(call("POST", `${orderPath(id)}/cart/${kind}`, { product, quantity: 1 }));
export const setQuantity = (id: string, kind: Kind, item: number, quantity: number) =>
  readChangedCart(call("PATCH", `${orderPath(id)}/cart/${kind}/${item}/quantity`, { quantity }));
export const removeItem = (id: string, kind: Kind, item: number) =>
  readChangedCart(call("DELETE", `${orderPath(id)}/cart/${kind}/${item}`));

/** @param key an idempotency key. A retry with the same key does not place a second order. */
export const placeOrder = (id: string, recipient: Recipient, key: string) =>
  call<PlacedOrder>("POST", `${orderPath(id)}/orders`, recipient, { "idempotency-key": key });
export const listPlaced = async (id: string) =>
  (await call<{ orders: PlacedOrder[] }>("GET", `${orderPath(id)}/orders`)).orders;

/**
 * Returns the newest orders that the account has placed. To get the next page, pass the `next` of the current page as
 * `before`.
 */
export const listPastOrders = (before?: number) =>
  call<PastOrdersPage>("GET", `/accounts/me/orders${before === undefined ? "" : `?before=${before}`}`);

export const readPeople = (id: string) => call<People>("GET", `${orderPath(id)}/participants`);
/** Returns the newest entries of the history, oldest first. With `before`, returns entries with smaller numbers. */
export const readHistory = async (id: string, before?: number) => {
  const query = before === undefined ? "" : `?before=${before}`;
  return (await call<{ entries: HistoryEntry[] }>("GET", `${orderPath(id)}/history${query}`)).entries;
};
/** @param name the owner's name that guests see. If empty, guests see the name of the account. */
export const invite = (id: string, role: "edit" | "view", name: string) =>
  call<NewInvitation>("POST", `${orderPath(id)}/invitations`, { role, ...(name ? { name } : {}) });
/** Rejects with `FORBIDDEN` for an invitation that is no longer valid. */
export const checkInvitation = (token: string) =>
  call<InvitationView>("POST", "/invitations/check", { token });
export const uninvite = (id: string, invitation: string) =>
  call<{ removed: number }>("DELETE", `${orderPath(id)}/invitations/${invitation}`);
export const exclude = (id: string, participant: string) =>
  call<{ removed: number }>("DELETE", `${orderPath(id)}/participants/${participant}`);
/** Leaves a joined order. */
export const leave = (id: string) => exclude(id, "me");
export const join = (token: string, name: string) =>
  call<{ sessionId: string; role: Role }>("POST", "/invitations/accept", {
    token,
    ...(name ? { name } : {}),
  });
