import type { Group, Menu } from "./menu.ts";
import { Faults } from "./refusal.ts";
import { nextClockTime, parseTimestamp } from "./time.ts";

/** A parsed JSON object that is not validated yet. */
export type Input = Readonly<Record<string, unknown>>;

/** A taco in a cart. */
export interface Taco {
  readonly size: string;
  readonly meats: readonly { readonly id: string; readonly quantity: number }[];
  readonly sauces: readonly string[];
  readonly garnitures: readonly string[];
  readonly quantity: number;
}

/** An extra, drink or dessert in a cart. */
export interface ProductChoice {
  readonly product: string;
  readonly quantity: number;
}

/** The customer of an order, with place and time of delivery. */
export interface Recipient {
  readonly customer: { readonly name: string; readonly phone: string };
  readonly delivery: {
    readonly type: string;
    readonly address: string | null;
    /** ISO 8601, UTC. */
    readonly requestedFor: string;
  };
}

/** Returns the value if it is an object, otherwise an empty object. */
export function inputOf(value: unknown): Input {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Input) : {};
}

/**
 * Validates input against the menu. Each method returns the valid value, or throws a {@link Refusal} that lists every
 * fault.
 */
export class InputChecks {
  readonly #menu: Menu;

  constructor(menu: Menu) {
    this.#menu = menu;
  }

  requireTaco(body: Input): Taco {
    const faults = new Faults();
    const size = this.#menu.findSize(body.size);
    if (!size) faults.add("size", "must be a size on the menu");
    const taco = {
      size: size?.id ?? "",
      meats: this.#parseMeats(body.meats, size?.meats ?? Number.POSITIVE_INFINITY, faults),
      sauces: this.#parseChoices("sauces", body.sauces ?? [], this.#menu.file.limits.sauces, faults),
      garnitures: this.#parseChoices("garnitures", body.garnitures ?? [], Number.POSITIVE_INFINITY, faults),
      quantity: this.#parseQuantity(body.quantity ?? 1, "quantity", faults),
    };
    faults.throwIfAny();
    return taco;
  }

  requireProduct(group: Group, body: Input): ProductChoice {
    const faults = new Faults();
    const product = this.#menu.findProduct(group, body.product);
    if (!product) faults.add("product", `must be one of the ${group} on the menu`);
    const quantity = this.#parseQuantity(body.quantity ?? 1, "quantity", faults);
    faults.throwIfAny();
    return { product: product?.id ?? "", quantity };
  }

  requireQuantity(body: Input): number {
    const faults = new Faults();
    const quantity = this.#parseQuantity(body.quantity, "quantity", faults);
    faults.throwIfAny();
    return quantity;
  }

  requireRecipient(body: Input, now: number): Recipient {
    const faults = new Faults();
    const customer = inputOf(body.customer);
    const delivery = inputOf(body.delivery);
    const { type } = delivery;
    if (type !== "livraison" && type !== "emporter") {
      faults.add("delivery.type", "must be livraison or emporter");
    }
    const recipient = {
      customer: {
        name: requireText(customer.name, "customer.name", 80, faults),
        phone: requirePhone(customer.phone, faults),
      },
      delivery: {
        type: String(type),
        address: type === "livraison" ? requireText(delivery.address, "delivery.address", 200, faults) : null,
        requestedFor: this.#parseTime(delivery.requestedFor, now, faults),
      },
    };
    faults.throwIfAny();
    return recipient;
  }

  #parseMeats(meats: unknown, maxPortions: number, faults: Faults): Taco["meats"] {
    if (!Array.isArray(meats) || meats.length === 0) {
      faults.add("meats", "must list at least one meat");
      return [];
    }
    const valid = new Map<string, { id: string; quantity: number }>();
    for (const [index, each] of meats.entries()) {
      const meat = inputOf(each);
      const id = String(meat.id);
      if (!this.#menu.findProduct("meats", meat.id))
        faults.add(`meats.${index}.id`, "must be a meat on the menu");
      else if (valid.has(id))
        faults.add(`meats.${index}.id`, "must not be listed twice; increase its quantity");
      const quantity = this.#parseQuantity(meat.quantity ?? 1, `meats.${index}.quantity`, faults);
      if (typeof meat.id === "string") valid.set(id, { id, quantity });
    }
    const portions = [...valid.values()].reduce((sum, { quantity }) => sum + quantity, 0);
    if (portions > maxPortions) {
      faults.add("meats", `must have at most ${maxPortions} portions for this size (got ${portions})`);
    }
    return [...valid.values()];
  }

  #parseChoices(group: Group, ids: unknown, maxCount: number, faults: Faults): string[] {
    if (!Array.isArray(ids)) {
      faults.add(group, "must be a list");
      return [];
    }
    if (ids.length > maxCount) faults.add(group, `must have at most ${maxCount} entries`);
    for (const [index, id] of ids.entries()) {
      if (!this.#menu.findProduct(group, id))
        faults.add(`${group}.${index}`, `must be one of the ${group} on the menu`);
      else if (ids.indexOf(id) !== index) faults.add(`${group}.${index}`, "must not be listed twice");
    }
    return ids;
  }

  #parseQuantity(value: unknown, path: string, faults: Faults): number {
    const max = this.#menu.file.limits.quantity;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max) return value;
    faults.add(path, `must be an integer from 1 to ${max}`);
    return 1;
  }

  /**
   * Parses an RFC 3339 timestamp, or `HH:MM` as the next time of day in the shop's time zone. Returns ISO 8601 in UTC.
   */
  #parseTime(value: unknown, now: number, faults: Faults): string {
    const { timeZone, limits } = this.#menu.file;
    const time =
      typeof value === "string" ? (nextClockTime(value, now, timeZone) ?? parseTimestamp(value)) : null;
    if (time === null) {
      faults.add("delivery.requestedFor", "must be a time such as 18:30, or an RFC 3339 timestamp");
    } else if (time <= now) {
      faults.add("delivery.requestedFor", "must be in the future");
    } else if (time > now + limits.daysAhead * 86_400_000) {
      faults.add("delivery.requestedFor", `must be at most ${limits.daysAhead} days ahead`);
    }
    return new Date(time ?? now).toISOString();
  }
}

function requireText(value: unknown, path: string, maxLength: number, faults: Faults): string {
  const trimmed = typeof value === "string" ? value.trim() : "";
  if (!new RegExp(`^\\P{C}{1,${maxLength}}$`, "u").test(trimmed)) {
    faults.add(path, `must be a text of 1 to ${maxLength} characters`);
  }
  return trimmed;
}

function requirePhone(value: unknown, faults: Faults): string {
  const trimmed = typeof value === "string" ? value.trim() : "";
  const digits = trimmed.replace(/\D/g, "").length;
  if (!/^\+?[0-9 ()/.-]{1,30}$/.test(trimmed) || digits < 9 || digits > 15) {
    faults.add("customer.phone", "must be a phone number");
  }
  return trimmed;
}
