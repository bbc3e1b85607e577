import { type ReactNode, useRef } from "react";
import { BasketLine } from "./basket-line.tsx";
import { fillingsOf, portionName, tacoDetails, tacoName } from "./describe.ts";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { ProductPicture } from "./pictures/product.tsx";
import { TacoPicture } from "./pictures/taco.tsx";
import { type Cart, type Kind, type Menu, type OpenOrder, PORTIONS, type Role, type Taco } from "./wire.ts";

export interface BasketProps {
  readonly menu: Menu;
  readonly title: string;
  readonly order: OpenOrder | undefined;
  readonly cart: Cart | undefined;
  readonly role: Role;
  /** The owner's name, which guests see; empty if it is unknown. */
  readonly owner: string;
  /** The number of other participants. */
  readonly otherParticipantCount: number;
  readonly onQuantity: (kind: Kind, item: number, quantity: number) => void;
  readonly onRemove: (kind: Kind, item: number, name: string) => void;
  readonly onEdit: (taco: Taco) => void;
  readonly onEmpty: () => void;
  readonly onShare: () => void;
  readonly onCheckout: () => void;
  readonly onEnd: () => void;
  /** The placed orders, below the basket. */
  readonly children: ReactNode;
}

/** The order's basket: its items, its total, and the buttons to edit, share and place it. */
export function Basket(props: BasketProps): ReactNode {
  const { menu, title, order, cart, role, owner, otherParticipantCount, children } = props;
  const { onQuantity, onRemove, onEdit, onEmpty, onShare, onCheckout, onEnd } = props;
  const { words } = useLanguage();
  const heading = useRef<HTMLHeadingElement>(null);
  const mayEdit = role !== "view";
  const isEmpty = !cart || cart.itemCount === 0;

  const remove = (kind: Kind, item: number, name: string) => {
    // Move the focus, because the focused button disappears with its line.
    heading.current?.focus();
    onRemove(kind, item, name);
  };

  return (
    <div className="receipt">
      <div className="receipt-head">
        <h2 ref={heading} tabIndex={-1} id="basket-title">
          {title}
        </h2>
        {order && (
          <button type="button" className="share" onClick={onShare}>
            {otherParticipantCount > 0 && <span className="live" aria-hidden="true" />}
            {otherParticipantCount > 0 ? words.participantCount(otherParticipantCount + 1) : words.share}
          </button>
        )}
      </div>
      {role !== "owner" && (
        <p className="role">
          {owner ? `${words.orderOwner(owner)} · ` : ""}
          {words.roles[role]}
        </p>
      )}
      {isEmpty ? (
        <p className="empty">{mayEdit ? words.emptyForOwner : words.emptyForViewers}</p>
      ) : (
        <>
          <Lines
            menu={menu}
            cart={cart}
            mayEdit={mayEdit}
            onQuantity={onQuantity}
            onRemove={remove}
            onEdit={onEdit}
          />
          <p className="total">
            <span>{words.total}</span>
            <strong>{formatPrice(cart.total)}</strong>
          </p>
        </>
      )}
      {!isEmpty &&
        (role === "owner" ? (
          <button type="button" className="main" onClick={onCheckout}>
            {words.checkout}
          </button>
        ) : (
          <p className="hint">{words.onlyOwnerPlaces}</p>
        ))}
      {children}
      {order && (
        <div className="receipt-foot">
          {mayEdit && !isEmpty && (
            <button type="button" className="quiet" onClick={onEmpty}>
              {words.emptyBasket}
            </button>
          )}
          <button type="button" className="quiet" onClick={onEnd}>
            {role === "owner" ? words.endOrder : words.leaveOrder}
          </button>
        </div>
      )}
    </div>
  );
}

interface LinesProps extends Pick<BasketProps, "menu" | "onQuantity" | "onRemove" | "onEdit"> {
  readonly cart: Cart;
  readonly mayEdit: boolean;
}

function Lines({ menu, cart, mayEdit, onQuantity, onRemove, onEdit }: LinesProps): ReactNode {
  const { language } = useLanguage();
  const limits = { mayEdit, max: menu.limits.quantity };
  return (
    <ul className="lines">
      {cart.tacos.map((taco) => {
        const name = tacoName(menu, taco, language);
        return (
          <BasketLine
            key={`tacos ${taco.id}`}
            {...limits}
            name={name}
            details={tacoDetails(menu, taco, language)}
            line={taco}
            picture={<TacoPicture size={taco.size} fillings={fillingsOf(taco)} />}
            onQuantity={(quantity) => onQuantity("tacos", taco.id, quantity)}
            onRemove={() => onRemove("tacos", taco.id, name)}
            onEdit={() => onEdit(taco)}
          />
        );
      })}
      {PORTIONS.flatMap((kind) =>
        cart[kind].map((line) => {
          const name = portionName(menu, kind, line, language);
          return (
            <BasketLine
              key={`${kind} ${line.id}`}
              {...limits}
              name={name}
              details={[]}
              line={line}
              picture={<ProductPicture product={line.product} />}
              onQuantity={(quantity) => onQuantity(kind, line.id, quantity)}
              onRemove={() => onRemove(kind, line.id, name)}
            />
          );
        }),
      )}
    </ul>
  );
}
