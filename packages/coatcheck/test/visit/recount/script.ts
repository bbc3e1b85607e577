/** The script of a test: the list of all actions of its visitors. */
import { createHash } from "node:crypto";
import type { CountedKind, EventClient, Source } from "../../../src/visit/event.ts";
import { Random } from "./random.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The details of an action: a page view, a report of visible time, another event, or an order. */
export type ActionDetail =
  | { readonly do: "view" }
  | { readonly do: "visible"; readonly milliseconds: number }
  | { readonly do: "track"; readonly event: string; readonly isKey: boolean }
  | { readonly do: "order"; readonly orderId: string; readonly revenue: number; readonly currency: string };

/** An action of a visitor, or an event that a backend reports. */
export interface Action {
  readonly id: string;
  readonly at: number;
  /** The time at which a node receives the action, in epoch milliseconds. */
  readonly receivedAt: number;
  /** The number of the node that receives the action. */
  readonly node: number;
  /** Whether the request is lost, so that no node receives the action and no figure includes it. */
  readonly isLost: boolean;
  readonly isFromBackend: boolean;
  readonly visitor: string | null;
  readonly session: string | null;
  readonly customer: string | null;
  readonly tenant: string | null;
  readonly page: { readonly id: string; readonly path: string } | null;
  readonly client: EventClient | null;
  readonly cameFrom: Source | null;
  readonly detail: ActionDetail;
}

/** A document request of a client that is not a visitor, such as a bot or a person who has opted out. */
export interface CountedDocument {
  readonly at: number;
  readonly node: number;
  readonly kind: CountedKind;
  readonly tenant: string | null;
}

/** Options of a single action. */
export interface ActionOptions {
  /** Milliseconds until a node receives the action. Default: 0. */
  readonly delay?: number;
  /** The node that receives the action. Default: the browser's node. */
  readonly node?: number;
  readonly isLost?: boolean;
  /** The page of the action. Default: the current page. */
  readonly page?: { readonly id: string; readonly path: string };
  readonly cameFrom?: Source | null;
  /** How long before the browser's current time the action happened, in milliseconds. Default: 0. */
  readonly millisecondsAgo?: number;
  readonly client?: EventClient;
}

/** The host of all pages. */
export const SHOP_HOST = "shop.example";

/** The source of a visitor who came without a referrer and without a campaign. */
export const DIRECT_SOURCE: Source = {
  channel: "Direct",
  source: null,
  medium: null,
  campaign: null,
  term: null,
  content: null,
  referrer: null,
  clickId: null,
};

export const DESKTOP_CLIENT: EventClient = {
  browser: "Firefox 140",
  os: "Linux",
  device: "desktop",
  country: "CH",
  city: "Bern",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

/** Returns the id of an order's event. All nodes derive the same id. */
function orderEventId(tenant: string | null, orderId: string): string {
  const hex = createHash("sha256")
    .update(JSON.stringify([tenant, orderId]))
    .digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A list of actions, to which browsers and backends add. */
export class Script {
  readonly actions: Action[] = [];
  readonly documents: CountedDocument[] = [];
  readonly random: Random;

  constructor(seed = 1) {
    this.random = new Random(seed);
  }

  /** Adds a document request of a client that is not a visitor. */
  addDocument(kind: CountedKind, at: number, { node = 0, tenant = null as string | null } = {}): void {
    this.documents.push({ at, node, kind, tenant });
  }

  /** Adds an action. Its id is derived from its time or, for an order, from the order. */
  addAction(action: Omit<Action, "id">): Action {
    const { detail, tenant, receivedAt } = action;
    const id =
      detail.do === "order" ? orderEventId(tenant, detail.orderId) : this.random.uuidV7At(receivedAt);
    const added = { ...action, id };
    this.actions.push(added);
    return added;
  }
}

/** A browser with a clock, a current page and a session. Each method adds one action to the script. */
export class Browser {
  readonly script: Script;
  visitor: string;
  session: string;
  customer: string | null = null;
  tenant: string | null = null;
  client: EventClient = DESKTOP_CLIENT;
  node = 0;
  now: number;
  page: { readonly id: string; readonly path: string } | null = null;

  constructor(script: Script, now: number) {
    this.script = script;
    this.now = now;
    this.visitor = script.random.uuid();
    this.session = script.random.uuid();
  }

  wait(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  /** Views a page, which becomes the current page. */
  viewPage(path: string, options: ActionOptions = {}): Action {
    this.page = options.page ?? { id: this.script.random.uuid(), path };
    return this.#write({ do: "view" }, { cameFrom: DIRECT_SOURCE, ...options });
  }

  /** Reports how long the page was visible since its previous report. */
  reportVisibleTime(milliseconds: number, options: ActionOptions = {}): Action {
    return this.#write({ do: "visible", milliseconds }, options);
  }

  /** Tracks an event of any other type. */
  track(event: string, options: ActionOptions & { readonly isKey?: boolean } = {}): Action {
    const isKey = options.isKey ?? ["add_to_cart", "begin_checkout", "login"].includes(event);
    return this.#write({ do: "track", event, isKey }, options);
  }

  /** Logs the customer in. From now on, the session belongs to the customer. */
  login(customer: string, options: ActionOptions = {}): Action {
    this.customer = customer;
    return this.track("login", options);
  }

  /** Completes an order in the browser. */
  completeOrder(orderId: string, revenue: number, currency: string, options: ActionOptions = {}): Action {
    return this.#write({ do: "order", orderId, revenue, currency }, options);
  }

  /** Adds an event that a backend reports for this browser's session. */
  reportByBackend(
    detail: ActionDetail,
    options: ActionOptions & { readonly knowsVisitor?: boolean } = {},
  ): Action {
    const { delay = 0, node = this.node, isLost = false, millisecondsAgo = 0, knowsVisitor = true } = options;
    const at = this.now - millisecondsAgo;
    return this.script.addAction({
      detail,
      at,
      receivedAt: at + delay,
      node,
      isLost,
      isFromBackend: true,
      visitor: knowsVisitor ? this.visitor : null,
      session: this.session,
      customer: this.customer,
      tenant: this.tenant,
      page: null,
      client: null,
      cameFrom: null,
    });
  }

  #write(detail: ActionDetail, options: ActionOptions): Action {
    const { delay = 0, node = this.node, isLost = false, page = this.page, millisecondsAgo = 0 } = options;
    const at = this.now - millisecondsAgo;
    return this.script.addAction({
      detail,
      at,
      receivedAt: at + delay,
      node,
      isLost,
      isFromBackend: false,
      visitor: this.visitor,
      session: this.session,
      customer: this.customer,
      tenant: this.tenant,
      page,
      client: options.client ?? this.client,
      cameFrom: options.cameFrom ?? null,
    });
  }
}
