import type { ReactNode } from "react";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { ProductPicture } from "./pictures/product.tsx";
import { TacoPicture } from "./pictures/taco.tsx";
import { type Cart, type Menu, PORTIONS, type PortionKind, type Product, type Size } from "./wire.ts";

/** If at most this many portions of a product are left, the menu shows the number. */
const LOW_STOCK = 10;

interface MenuBoardProps {
  readonly menu: Menu;
  readonly cart: Cart | undefined;
  /** Whether the user may change the order. */
  readonly mayEdit: boolean;
  readonly onCompose: (size: Size) => void;
  readonly onAdd: (kind: PortionKind, product: Product) => void;
}

/** The menu: tacos, sides, drinks and desserts. */
export function MenuBoard({ menu, cart, mayEdit, onCompose, onAdd }: MenuBoardProps): ReactNode {
  const { language, words } = useLanguage();
  return (
    <div className="board">
      <nav className="board-index" aria-label={words.menu}>
        {(["tacos", ...PORTIONS] as const).map((kind) => (
          <a key={kind} href={`#${kind}`}>
            {words.sections[kind]}
          </a>
        ))}
      </nav>
      <section id="tacos" aria-labelledby="tacos-title">
        <h2 id="tacos-title">{words.sections.tacos}</h2>
        <ul className="cards">
          {menu.sizes.map((size) => (
            <Card
              key={size.id}
              name={size.name[language]}
              price={`${words.priceFrom} ${formatPrice(size.price)}`}
              note={words.meatCount(size.meats)}
              picture={<TacoPicture size={size.id} />}
              count={(cart?.tacos ?? [])
                .filter((taco) => taco.size === size.id)
                .reduce((sum, taco) => sum + taco.quantity, 0)}
              action={words.compose}
              label={words.composeTacoLabel(size.name[language])}
              isDisabled={!mayEdit}
              onClick={() => onCompose(size)}
            />
          ))}
        </ul>
      </section>
      {PORTIONS.map((kind) => (
        <section key={kind} id={kind} aria-labelledby={`${kind}-title`}>
          <h2 id={`${kind}-title`}>{words.sections[kind]}</h2>
          <ul className="cards">
            {menu[kind].map((product) => (
              <Card
                key={product.id}
                name={product.name[language]}
                price={formatPrice(product.price)}
                note={stockNote(product.stock)}
                picture={<ProductPicture product={product.id} />}
                count={(cart?.[kind] ?? [])
                  .filter((line) => line.product === product.id)
                  .reduce((sum, line) => sum + line.quantity, 0)}
                action={product.stock === 0 ? words.soldOut : words.add}
                label={
                  product.stock === 0
                    ? words.soldOutLabel(product.name[language])
                    : words.addProductLabel(product.name[language])
                }
                isDisabled={!mayEdit || product.stock === 0}
                onClick={() => onAdd(kind, product)}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );

  function stockNote(stock: number): string | undefined {
    return stock > 0 && stock <= LOW_STOCK ? words.portionsLeft(stock) : undefined;
  }
}

interface CardProps {
  readonly name: string;
  readonly price: string;
  readonly note: string | undefined;
  readonly picture: ReactNode;
  /** The number of pieces of this product in the order. */
  readonly count: number;
  readonly action: string;
  readonly label: string;
  readonly isDisabled: boolean;
  readonly onClick: () => void;
}

function Card({
  name,
  price,
  note,
  picture,
  count,
  action,
  label,
  isDisabled,
  onClick,
}: CardProps): ReactNode {
  const { words } = useLanguage();
  return (
    <li className="card">
      <div className="plate">
        {picture}
        {count > 0 && (
          <span className="count">
            <span aria-hidden="true">{count}</span>
            <span className="unseen">{words.countInBasket(count)}</span>
          </span>
        )}
      </div>
      <h3>{name}</h3>
      <p className="price">
        {price}
        {note && <small>{note}</small>}
      </p>
      <button type="button" className="add" aria-label={label} disabled={isDisabled} onClick={onClick}>
        {action}
      </button>
    </li>
  );
}
