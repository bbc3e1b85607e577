/** The colours of the products. `public/style.css` defines a custom property for each. */
export const COLOURS = {
  forest: "Forest",
  navy: "Navy",
  camel: "Camel",
  rust: "Rust",
  charcoal: "Charcoal",
  plum: "Plum",
  mustard: "Mustard",
  cream: "Cream",
} as const;
export type Colour = keyof typeof COLOURS;

/** The kinds of products. The shop's navigation has a link for each. */
export const KINDS = { coats: "Coats", hats: "Hats", extras: "Scarves & more" } as const;
export type Kind = keyof typeof KINDS;

/** A product that the shop sells. */
export interface Product {
  /** The name in URLs, and the file name of the picture in `pictures/`. */
  readonly id: string;
  /**
   * The number of the coat hook that the shop prints beside the product. URLs may contain this number instead of the
   * id.
   */
  readonly hook: number;
  readonly kind: Kind;
  readonly name: string;
  /** In minor units of the shop's currency. */
  readonly price: number;
  readonly summary: string;
  readonly description: string;
  readonly details: readonly string[];
  /** The colours to choose from. Lists of products show the first colour. */
  readonly colours: readonly Colour[];
  readonly sizes: readonly string[];
}

/** All products of the shop. */
export const PRODUCTS: readonly Product[] = [
  {
    id: "trench",
    hook: 123,
    kind: "coats",
    name: "Alibi trench",
    price: 42900,
    summary: "Double-breasted, belted, seen nowhere near the rain.",
    description:
      "A cotton gabardine trench with a storm flap that earns its keep. It packs into its own pocket, so a queue at the coat check is the only one that you will stand in.",
    details: [
      "100 % organic cotton gabardine",
      "Detachable wool lining",
      "Two inner pockets, one with a zip",
    ],
    colours: ["camel", "navy", "forest"],
    sizes: ["S", "M", "L", "XL"],
  },
  {
    id: "duffle",
    hook: 117,
    kind: "coats",
    name: "Harbour duffle",
    price: 36500,
    summary: "Boiled wool, horn toggles, a hood for two opinions.",
    description:
      "Heavy boiled wool that keeps its shape on a hook and on you. The toggles work with mittens on, and the hood is wide enough for a hat.",
    details: [
      "85 % wool, 15 % recycled polyamide",
      "Toggles of buffalo horn",
      "Loop that holds the coat's own weight",
    ],
    colours: ["navy", "rust", "charcoal"],
    sizes: ["S", "M", "L", "XL"],
  },
  {
    id: "cape",
    hook: 131,
    kind: "coats",
    name: "Curtain-call cape",
    price: 29800,
    summary: "For an entrance. Also for a bicycle in April.",
    description:
      "A waxed cape with taped seams and slits for both hands. It reaches over a rucksack, and it drips on the floor and not on your knees.",
    details: ["Waxed cotton, wax can be renewed", "Taped seams", "Reflective piping under the collar"],
    colours: ["plum", "mustard", "forest"],
    sizes: ["Short", "Long"],
  },
  {
    id: "bowler",
    hook: 204,
    kind: "hats",
    name: "Tip bowler",
    price: 14900,
    summary: "A firm hat for a firm handshake.",
    description:
      "Shaped over a wooden block and lined with silk. The brim is bound by hand, so that it survives a shelf with other people's hats on top of it.",
    details: ["Wool felt", "Silk lining", "Comes with a box that stacks"],
    colours: ["charcoal", "rust", "forest"],
    sizes: ["55", "57", "59", "61"],
  },
  {
    id: "beanie",
    hook: 212,
    kind: "hats",
    name: "Number beanie",
    price: 4900,
    summary: "Ribbed merino that goes in the sleeve.",
    description:
      "A close-fitting beanie for the sleeve of the coat that you hand in. It comes out as it went in: warm, and without a fold.",
    details: ["100 % merino, washable", "Knitted in one piece", "One size, and it means it"],
    colours: ["mustard", "navy", "plum", "cream"],
    sizes: ["One size"],
  },
  {
    id: "scarf",
    hook: 305,
    kind: "extras",
    name: "Long-goodbye scarf",
    price: 7900,
    summary: "Two metres of lambswool for cold platforms.",
    description:
      "Woven in a herringbone and brushed until it stopped complaining. Long enough for three turns, or for two and a wave.",
    details: ["100 % lambswool", "200 × 36 cm", "Hand-knotted fringe"],
    colours: ["rust", "forest", "cream", "charcoal"],
    sizes: ["One size"],
  },
  {
    id: "umbrella",
    hook: 318,
    kind: "extras",
    name: "Returned umbrella",
    price: 9800,
    summary: "The one that people come back for.",
    description:
      "A walking-length umbrella with a frame that turns inside out and back again. The handle has room for the number of your ticket.",
    details: ["Beech handle, steel shaft", "Ten ribs of glass fibre", "Repaired free of charge, for ever"],
    colours: ["forest", "navy", "plum"],
    sizes: ["Walking length"],
  },
  {
    id: "gloves",
    hook: 326,
    kind: "extras",
    name: "Pair of gloves, both",
    price: 8900,
    summary: "Joined by a button, so that none goes missing.",
    description:
      "Deerskin with a cashmere lining. A button on each cuff joins the pair while it hangs, which ends the oldest complaint of every cloakroom.",
    details: ["Vegetable-tanned deerskin", "Cashmere lining", "Fingertips that work on a telephone"],
    colours: ["camel", "charcoal", "rust"],
    sizes: ["S", "M", "L"],
  },
];
