import type {
  HistoryEntry,
  Kind,
  Language,
  Menu,
  OpenOrder,
  OrderMetadata,
  Participant,
  Portion,
  Product,
  Taco,
  TacoContent,
} from "./wire.ts";
import type { Words } from "./words/en.ts";

/** Returns the title of an order's tab. */
export function titleOf({ metadata, name, role }: OpenOrder, words: Words): string {
  const label = labelOf(metadata);
  if (label) return label;
  if (role !== "owner") return words.sharedBasket;
  return metadata.number ? words.orderNumber(metadata.number) : (name ?? words.basket);
}

/** Returns the name of an order. Orders of other clients have no label, so their name is the customer's. */
export const labelOf = ({ label, customerName, source }: OrderMetadata): string | undefined =>
  label ?? (source === "web" ? undefined : customerName);

const nameIn = (products: readonly Pick<Product, "id" | "name">[], id: string, language: Language) =>
  products.find((product) => product.id === id)?.name[language] ?? id;

export const tacoName = (menu: Menu, taco: TacoContent, language: Language): string =>
  nameIn(menu.sizes, taco.size, language);

export const portionName = (menu: Menu, kind: Exclude<Kind, "tacos">, line: Portion, language: Language) =>
  nameIn(menu[kind], line.product, language);

/** Describes the fillings of a taco, with one line for each group. */
export function tacoDetails(menu: Menu, taco: TacoContent, language: Language): string[] {
  const meats = taco.meats.map(({ id, quantity }) => {
    const name = nameIn(menu.meats, id, language);
    return quantity > 1 ? `${quantity} × ${name}` : name;
  });
  const sauces = taco.sauces.map((id) => nameIn(menu.sauces, id, language));
  const garnitures = taco.garnitures.map((id) => nameIn(menu.garnitures, id, language));
  return [meats, sauces, garnitures].map((names) => names.join(", ")).filter(Boolean);
}

/** Returns the ids of a taco's fillings, for its picture. */
export const fillingsOf = ({ meats, sauces, garnitures }: TacoContent): string[] => [
  ...meats.map(({ id }) => id),
  ...garnitures,
  ...sauces,
];

/** Returns the price of a taco in rappen: its size plus the surcharges of its fillings. */
export function tacoPrice(menu: Menu, taco: TacoContent): number {
  const price = (products: readonly Pick<Product, "id" | "price">[], id: string) =>
    products.find((product) => product.id === id)?.price ?? 0;
  return (
    price(menu.sizes, taco.size) +
    taco.meats.reduce((sum, { id, quantity }) => sum + quantity * price(menu.meats, id), 0) +
    taco.sauces.reduce((sum, id) => sum + price(menu.sauces, id), 0) +
    taco.garnitures.reduce((sum, id) => sum + price(menu.garnitures, id), 0)
  );
}

/** Returns whether two tacos have the same content, including the quantity. */
export const hasSameContent = (one: Taco | undefined, other: Taco | undefined): boolean =>
  JSON.stringify(one && contentOf(one)) === JSON.stringify(other && contentOf(other));

export const contentOf = ({ size, meats, sauces, garnitures, quantity }: Taco): TacoContent => ({
  size,
  meats,
  sauces,
  garnitures,
  quantity,
});

/** Returns the display name of a participant. Only the owner may have no name. */
export function nameOf(
  who: Pick<Participant, "name" | "participantId">,
  you: string | undefined,
  words: Words,
): string {
  return who.name || (who.participantId === you ? words.youAsSubject : words.unnamedOwner);
}

/** Describes a history entry, such as "added a taco". The participant's name precedes the text. */
export function actionText({ what, item, outcome }: HistoryEntry, words: Words): string {
  const object = item && words.items[item.kind];
  const remark = outcome === "unknown" ? words.unknownOutcome : undefined;
  return [words.actions[what], object, remark].filter(Boolean).join(" ");
}
