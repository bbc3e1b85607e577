import { SessionError, type SessionErrorCode } from "coatcheck/client";
import { manager } from "./session.ts";
import type {
  Account,
  Cart,
  Entry,
  Fault,
  Kind,
  Menu,
  NewAccount,
  NewInvitation,
  OpenOrder,
  OrderMetadata,
  People,
  PlacedOrder,
  PortionKind,
  Recipient,
  Role,
  Stock,
  TacoContent,
} from "./wire.ts";

/** Milliseconds after which an answer counts as none. */
const PATIENCE = 15_000;

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

/** Why a call failed; the one thing that the functions below reject with. */
export class ApiError extends Error {
  readonly code: SessionErrorCode;
  readonly faults: readonly Fault[];

  constructor(code: SessionErrorCode, message: string, faults: readonly Fault[] = []) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.faults = faults;
  }

  /** What the server said of one field, if anything. */
  faultAt(path: string): Fault | undefined {
    return this.faults.find((fault) => fault.path === path);
  }
}

/** Goes through the session's manager, which adds the CSRF token and hears from a 401 that the session may be over. */
async function call<Data>(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Data> {
  let envelope: Envelope<Data>;
  try {
    const response = await manager.fetch(`/api/v1${path}`, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    envelope = await response.json();
  } catch (cause) {
    // Not sent, since the shop has not heard yet that the user logged out; or there was no answer.
    throw new ApiError(cause instanceof SessionError ? cause.code : "NETWORK", String(cause));
  }
  if (envelope.success) return envelope.data;
  const { code, message, faults } = envelope.error;
  throw new ApiError(code, message, faults);
}

const order = (id: string) => `/sessions/${id}`;
const cartOf = async (change: Promise<{ readonly cart: Cart }>) => (await change).cart;

export const createAccount = (account: NewAccount) => call<Account>("POST", "/accounts", account);
export const changeAccount = (change: Partial<Pick<Account, "name" | "language">>) =>
  call<Account>("PATCH", "/accounts/me", change);

export const readMenu = () => call<Menu>("GET", "/resources/menu");
export const readStock = () => call<Stock>("GET", "/resources/stock");

export const listOrders = async () =>
  (await call<{ sessions: OpenOrder[] }>("GET", "/sessions/mine")).sessions;
export const createOrder = (metadata: OrderMetadata) =>
  call<Omit<OpenOrder, "role">>("POST", "/sessions", { metadata });
export const endOrder = (id: string) => call<{ ended: number }>("DELETE", order(id));

export const readCart = (id: string) => call<Cart>("GET", `${order(id)}/cart`);
export const emptyCart = (id: string) => cartOf(call("DELETE", `${order(id)}/cart`));
export const addTaco = (id: string, taco: TacoContent) =>
  cartOf(call("POST", `${order(id)}/cart/tacos`, taco));
/** Happens only if nobody has changed the order since `revision`. */
export const replaceTaco = (id: string, item: number, taco: TacoContent, revision: number) =>
  cartOf(call("PUT", `${order(id)}/cart/tacos/${item}`, taco, { "if-match": `"${revision}"` }));
export const addPortion = (id: string, kind: PortionKind, product: string) =>
  cartOf(call("POST", `${order(id)}/cart/${kind}`, { product, quantity: 1 }));
export const setQuantity = (id: string, kind: Kind, item: number, quantity: number) =>
  cartOf(call("PATCH", `${order(id)}/cart/${kind}/${item}/quantity`, { quantity }));
export const removeItem = (id: string, kind: Kind, item: number) =>
  cartOf(call("DELETE", `${order(id)}/cart/${kind}/${item}`));

/** @param key the same for every attempt at the same order, so that a retry after a time-out makes no second one. */
export const placeOrder = (id: string, recipient: Recipient, key: string) =>
  call<PlacedOrder>("POST", `${order(id)}/orders`, recipient, { "idempotency-key": key });
export const listPlaced = async (id: string) =>
  (await call<{ orders: PlacedOrder[] }>("GET", `${order(id)}/orders`)).orders;

export const readPeople = (id: string) => call<People>("GET", `${order(id)}/participants`);
export const readHistory = async (id: string) =>
  (await call<{ entries: Entry[] }>("GET", `${order(id)}/history`)).entries;
export const invite = (id: string, role: "edit" | "view") =>
  call<NewInvitation>("POST", `${order(id)}/invitations`, { role });
export const uninvite = (id: string, invitation: string) =>
  call<{ removed: number }>("DELETE", `${order(id)}/invitations/${invitation}`);
export const exclude = (id: string, participant: string) =>
  call<{ removed: number }>("DELETE", `${order(id)}/participants/${participant}`);
/** Takes whoever asks out of somebody else's order. */
export const leave = (id: string) => exclude(id, "me");
export const join = (token: string, name: string) =>
  call<{ sessionId: string; role: Role }>("POST", "/invitations/accept", {
    token,
    ...(name ? { name } : {}),
  });
