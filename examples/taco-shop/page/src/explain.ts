import { SessionError } from "coatcheck/client";
import { ApiError } from "./api.ts";
import type { Fault, Language, Menu, Product } from "./wire.ts";
import type { Words } from "./words/en.ts";

/** Describes a fault in the page's language. Returns the server's message if there is no translation. */
export function explainFault({ path, message }: Fault, { faults }: Words): string {
  switch (path) {
    case "name":
    case "customer.name":
      return faults.name;
    case "customer.phone":
      return faults.phone;
    case "delivery.address":
      return faults.address;
    case "delivery.requestedFor":
      return faults.time;
    case "email":
      return faults.email;
    case "password":
      return faults.password;
    case "cart":
      return message.includes("empty") ? faults.cartEmpty : faults.cartFull;
    case "token":
      return faults.invitation;
    default:
      return faults.other(message);
  }
}

/** Describes an error in the page's language. */
export function explain(error: unknown, words: Words, language: Language, menu?: Menu): string {
  if (error instanceof SessionError) return words.errors[error.code];
  if (!(error instanceof ApiError)) return words.errors.NETWORK;
  const missing = error.faults.flatMap(({ path }) => (path.startsWith("stock.") ? [path.slice(6)] : []));
  if (missing.length > 0) {
    const names = missing.map((id) => productIn(menu, id)?.name[language] ?? id);
    return words.faults.outOfStock(names.join(", "));
  }
  if (error.code === "CONFLICT" && error.faultAt("If-Match")) return words.errors.CONFLICT;
  const faults = error.faults.map((fault) => explainFault(fault, words));
  return faults.length > 0 ? faults.join(" ") : words.errors[error.code];
}

function productIn(menu: Menu | undefined, id: string): Product | undefined {
  if (!menu) return undefined;
  const { meats, sauces, garnitures, extras, drinks, desserts } = menu;
  return [meats, sauces, garnitures, extras, drinks, desserts].flat().find((product) => product.id === id);
}
