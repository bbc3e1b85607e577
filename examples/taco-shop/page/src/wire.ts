/*
 * The request and response bodies of the shop's API. Prices are in rappen, times ISO 8601 in UTC.
 */

export const LANGUAGES = ["fr", "de", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export type TranslatedName = Readonly<Record<Language, string>>;

/** The account of a logged-in user, as the session endpoints return it. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** The user's chosen language, or null. */
  readonly language: Language | null;
}

export interface NewAccount {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly language: Language;
}

/** The kinds of items without options, that is, all kinds except tacos. */
export const PORTIONS = ["extras", "drinks", "desserts"] as const;
export type PortionKind = (typeof PORTIONS)[number];
export type Kind = "tacos" | PortionKind;

/** The groups of taco fillings, in the order of the form. */
export const FILLINGS = ["meats", "sauces", "garnitures"] as const;
export type Group = (typeof FILLINGS)[number] | PortionKind;

export type Role = "owner" | "edit" | "view";

export interface Size {
  readonly id: string;
  readonly name: TranslatedName;
  readonly price: number;
  /** The largest number of meat portions. */
  readonly meats: number;
}

export interface Product {
  readonly id: string;
  readonly name: TranslatedName;
  /** In rappen. For a taco filling: the surcharge per portion. */
  readonly price: number;
  /** The number of portions left. */
  readonly stock: number;
}

export interface Menu extends Readonly<Record<Group, readonly Product[]>> {
  readonly currency: string;
  readonly timeZone: string;
  readonly limits: {
    readonly sauces: number;
    readonly quantity: number;
    readonly lines: number;
    readonly daysAhead: number;
  };
  readonly sizes: readonly Size[];
}

export type Stock = Readonly<Record<Group, Readonly<Record<string, number>>>>;

export interface TacoContent {
  readonly size: string;
  readonly meats: readonly { readonly id: string; readonly quantity: number }[];
  readonly sauces: readonly string[];
  readonly garnitures: readonly string[];
  readonly quantity: number;
}

interface PricedItem {
  /** The id of the item. Does not change when another item is removed. */
  readonly id: number;
  readonly quantity: number;
  readonly unitPrice: number;
  readonly total: number;
}

export interface Taco extends PricedItem, TacoContent {}

export interface Portion extends PricedItem {
  readonly product: string;
}

export interface Items extends Readonly<Record<PortionKind, readonly Portion[]>> {
  readonly tacos: readonly Taco[];
}

export interface Cart extends Items {
  readonly sessionId: string;
  /** Incremented by every change. */
  readonly revision: number;
  readonly role: Role;
  readonly itemCount: number;
  readonly total: number;
}

/** The metadata of the order sessions that the page creates. */
export interface OrderMetadata {
  /** The name on the order's tab, for example of a person or a place. */
  readonly label?: string;
  /** The person who opened the order, if known. */
  readonly customerName?: string;
  readonly number?: number;
  readonly source?: "web";
  readonly language?: Language;
}

/** An order session that the browser owns or has joined. */
export interface OpenOrder {
  readonly sessionId: string;
  readonly name: string | null;
  readonly createdAt: string;
  readonly metadata: OrderMetadata;
  readonly role: Role;
}

export type DeliveryType = "livraison" | "emporter";

export interface Recipient {
  readonly customer: { readonly name: string; readonly phone: string };
  readonly delivery: {
    readonly type: DeliveryType;
    readonly address?: string;
    readonly requestedFor: string;
  };
}

export interface PlacedOrder {
  readonly number: number;
  readonly placedAt: string;
  readonly customer: Recipient["customer"];
  readonly delivery: {
    readonly type: DeliveryType;
    readonly address: string | null;
    readonly requestedFor: string;
  };
  readonly items: Items;
  readonly itemCount: number;
  readonly total: number;
}

/** A page of the orders that an account has placed. */
export interface PastOrdersPage {
  /** Newest first. */
  readonly orders: readonly PlacedOrder[];
  /** The argument `before` of the next page; null on the last page. */
  readonly next: number | null;
}

export interface Participant {
  readonly participantId: string;
  readonly name: string;
  readonly role: Role;
  readonly joinedAt: string;
  readonly isYou: boolean;
}

export interface Invitation {
  readonly invitationId: string;
  readonly role: "edit" | "view";
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly uses: number;
}

/** The order that an invitation is for. */
export interface InvitationView {
  readonly role: "edit" | "view";
  /** The owner's name; empty if the owner entered none. */
  readonly owner: string;
  readonly participants: number;
}

export interface NewInvitation {
  readonly invitationId: string;
  readonly url: string;
}

export interface People {
  readonly role: Role;
  readonly participants: readonly Participant[];
  /** Empty for guests. */
  readonly invitations: readonly Invitation[];
}

export type Action =
  | "added"
  | "replaced"
  | "quantity"
  | "removed"
  | "emptied"
  | "ordered"
  | "invited"
  | "uninvited"
  | "joined"
  | "left"
  | "excluded";

/** A history entry of an order. */
export interface HistoryEntry {
  readonly number: number;
  readonly at: string;
  readonly who: { readonly participantId: string; readonly name: string };
  readonly what: Action;
  readonly item?: { readonly kind: Kind; readonly id: number };
  readonly outcome: "done" | "refused" | "unknown";
}

export interface Fault {
  readonly path: string;
  readonly message: string;
}
