import type { Group, Menu } from "./menu.ts";
import { Faults } from "./refusal.ts";
import { clockTime, timestamp } from "./time.ts";

/** What came as JSON, before it is checked. */
export type Input = Readonly<Record<string, unknown>>;

/** A taco as its customer wants it. */
export interface Taco {
  readonly size: string;
  readonly meats: readonly { readonly id: string; readonly quantity: number }[];
  readonly sauces: readonly string[];
  readonly garnitures: readonly string[];
  readonly quantity: number;
}

/** Of anything but tacos: which, and how many. */
export interface Choice {
  readonly product: string;
  readonly quantity: number;
}

/** Who wants an order, where and when. */
export interface Recipient {
  readonly customer: { readonly name: string; readonly phone: string };
  readonly delivery: {
    readonly type: string;
    readonly address: string | null;
    /** ISO 8601, UTC. */
    readonly requestedFor: string;
  };
}

/** The object itself, or an empty one in its place. */
export function inputOf(value: unknown): Input {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Input) : {};
}

/** What a customer sends, checked against the menu. Each check returns the clean value, or refuses with every fault. */
export class Checks {
  readonly #menu: Menu;

  constructor(menu: Menu) {
    this.#menu = menu;
  }

  taco(body: Input): Taco {
    const faults = new Faults();
    const size = this.#menu.size(body.size);
    if (!size) faults.add("size", "is no size on the menu");
    const taco = {
      size: size?.id ?? "",
      meats: this.#meats(body.meats, size?.meats ?? Number.POSITIVE_INFINITY, faults),
      sauces: this.#choices("sauces", body.sauces ?? [], this.#menu.file.limits.sauces, faults),
      garnitures: this.#choices("garnitures", body.garnitures ?? [], Number.POSITIVE_INFINITY, faults),
      quantity: this.#quantity(body.quantity ?? 1, "quantity", faults),
    };
    faults.refuse();
    return taco;
  }

  product(group: Group, body: Input): Choice {
    const faults = new Faults();
    const product = this.#menu.find(group, body.product);
    if (!product) faults.add("product", `is none of the ${group} on the menu`);
    const quantity = this.#quantity(body.quantity ?? 1, "quantity", faults);
    faults.refuse();
    return { product: product?.id ?? "", quantity };
  }

  quantity(body: Input): number {
    const faults = new Faults();
    const quantity = this.#quantity(body.quantity, "quantity", faults);
    faults.refuse();
    return quantity;
  }

  order(body: Input, now: number): Recipient {
    const faults = new Faults();
    const customer = inputOf(body.customer);
    const delivery = inputOf(body.delivery);
    const { type } = delivery;
    if (type !== "livraison" && type !== "emporter") {
      faults.add("delivery.type", "must be livraison or emporter");
    }
    const recipient = {
      customer: {
        name: text(customer.name, "customer.name", 80, faults),
        phone: phone(customer.phone, faults),
      },
      delivery: {
        type: String(type),
        address: type === "livraison" ? text(delivery.address, "delivery.address", 200, faults) : null,
        requestedFor: this.#time(delivery.requestedFor, now, faults),
      },
    };
    faults.refuse();
    return recipient;
  }

  #meats(meats: unknown, most: number, faults: Faults): Taco["meats"] {
    if (!Array.isArray(meats) || meats.length === 0) {
      faults.add("meats", "must list at least one meat");
      return [];
    }
    const clean = new Map<string, { id: string; quantity: number }>();
    for (const [index, each] of meats.entries()) {
      const meat = inputOf(each);
      const id = String(meat.id);
      if (!this.#menu.find("meats", meat.id)) faults.add(`meats.${index}.id`, "is no meat on the menu");
      else if (clean.has(id)) faults.add(`meats.${index}.id`, "is listed twice; raise its quantity instead");
      const quantity = this.#quantity(meat.quantity ?? 1, `meats.${index}.quantity`, faults);
      if (typeof meat.id === "string") clean.set(id, { id, quantity });
    }
    const portions = [...clean.values()].reduce((sum, { quantity }) => sum + quantity, 0);
    if (portions > most) faults.add("meats", `are ${portions} portions; this size takes ${most}`);
    return [...clean.values()];
  }

  #choices(group: Group, ids: unknown, most: number, faults: Faults): string[] {
    if (!Array.isArray(ids)) {
      faults.add(group, "must be a list");
      return [];
    }
    if (ids.length > most) faults.add(group, `may be ${most} at most`);
    for (const [index, id] of ids.entries()) {
      if (!this.#menu.find(group, id)) faults.add(`${group}.${index}`, `is none of the ${group} on the menu`);
      else if (ids.indexOf(id) !== index) faults.add(`${group}.${index}`, "is listed twice");
    }
    return ids;
  }

  #quantity(value: unknown, path: string, faults: Faults): number {
    const most = this.#menu.file.limits.quantity;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
    faults.add(path, `must be a whole number from 1 to ${most}`);
    return 1;
  }

  /** `HH:MM` is the next time that the shop's clock shows it; a whole timestamp (RFC 3339) is itself. */
  #time(value: unknown, now: number, faults: Faults): string {
    const { timeZone, limits } = this.#menu.file;
    const time = typeof value === "string" ? (clockTime(value, now, timeZone) ?? timestamp(value)) : null;
    if (time === null) {
      faults.add("delivery.requestedFor", "must be a time as 18:30, or a timestamp with its offset");
    } else if (time <= now) {
      faults.add("delivery.requestedFor", "is in the past");
    } else if (time > now + limits.daysAhead * 86_400_000) {
      faults.add("delivery.requestedFor", `is more than ${limits.daysAhead} days ahead`);
    }
    return new Date(time ?? now).toISOString();
  }
}

function text(value: unknown, path: string, most: number, faults: Faults): string {
  const trimmed = typeof value === "string" ? value.trim() : "";
  if (!new RegExp(`^\\P{C}{1,${most}}$`, "u").test(trimmed)) {
    faults.add(path, `must be a text of 1 to ${most} characters`);
  }
  return trimmed;
}

function phone(value: unknown, faults: Faults): string {
  const trimmed = typeof value === "string" ? value.trim() : "";
  const digits = trimmed.replace(/\D/g, "").length;
  if (!/^\+?[0-9 ()/.-]{1,30}$/.test(trimmed) || digits < 9 || digits > 15) {
    faults.add("customer.phone", "must be a telephone number");
  }
  return trimmed;
}
