import { useSession } from "coatcheck/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { ApiError, placeOrder } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { explain, explainFault } from "./explain.ts";
import { Field } from "./field.tsx";
import { formatClockTime, formatPrice, pickupTimes } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { storage } from "./local-storage.ts";
import type { Account, Cart, DeliveryType, Menu, PlacedOrder, Recipient } from "./wire.ts";

interface CheckoutProps {
  readonly menu: Menu;
  readonly cart: Cart;
  /** The customer's name, if it was entered when the order was created; otherwise empty. */
  readonly customerName: string;
  readonly onPlaced: (order: PlacedOrder) => void;
  /** Called when the server has rejected the order, because the stock or the cart may have changed. */
  readonly onRefused: () => void;
  readonly onClose: () => void;
}

/** Returns a random idempotency key. `crypto.randomUUID` exists only on https pages. */
const newIdempotencyKey = () =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("");

/** A form for name, address and time, which places the order. */
export function Checkout({
  menu,
  cart,
  customerName,
  onPlaced,
  onRefused,
  onClose,
}: CheckoutProps): ReactNode {
  const { language, words } = useLanguage();
  const ownName = useSession<Account, string>({ select: ({ user }) => user?.name ?? "" });
  const form = useRef<HTMLFormElement>(null);
  const [times] = useState(() => pickupTimes(Date.now()));
  const [type, setType] = useState<DeliveryType>("livraison");
  const [isPlacing, setPlacing] = useState(false);
  const [error, setError] = useState<unknown>();
  const attempt = useRef({ wanted: "", key: "" });

  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);

  const faultAt = (path: string) => {
    const fault = error instanceof ApiError ? error.faultAt(path) : undefined;
    return fault && explainFault(fault, words);
  };
  const fieldPaths = ["customer.name", "customer.phone", "delivery.address", "delivery.requestedFor"];
  const isShownAtFields =
    error instanceof ApiError &&
    error.faults.length > 0 &&
    error.faults.every(({ path }) => fieldPaths.includes(path));

  const place = async (recipient: Recipient) => {
    if (isPlacing) return;
    // Submitting an unchanged form is a retry, for example after a timeout, and reuses the key. A changed form gets a
    // new key.
    const wanted = JSON.stringify(recipient);
    if (attempt.current.wanted !== wanted) attempt.current = { wanted, key: newIdempotencyKey() };
    setPlacing(true);
    try {
      onPlaced(await placeOrder(cart.sessionId, recipient, attempt.current.key));
      storage.write("name", recipient.customer.name);
    } catch (thrown) {
      setError(thrown);
      onRefused();
      setPlacing(false);
    }
  };

  return (
    <Dialog title={words.checkout} onClose={onClose}>
      <form
        ref={form}
        noValidate
        className="checkout"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const text = (field: string) => String(form.get(field) ?? "").trim();
          const address = type === "livraison" ? { address: text("address") } : {};
          void place({
            customer: { name: text("name"), phone: text("phone") },
            delivery: { type, ...address, requestedFor: text("time") },
          });
        }}
      >
        <DeliveryChoice type={type} onChoose={setType} />
        <Field
          label={words.name}
          name="name"
          autoComplete="name"
          defaultValue={customerName || ownName}
          fault={faultAt("customer.name")}
        />
        <Field
          label={words.phone}
          name="phone"
          type="tel"
          autoComplete="tel"
          placeholder="+41 79 123 45 67"
          fault={faultAt("customer.phone")}
        />
        {type === "livraison" && (
          <Field
            label={words.address}
            name="address"
            autoComplete="street-address"
            hint={words.addressHint}
            fault={faultAt("delivery.address")}
          />
        )}
        <p className="field">
          <label htmlFor="time">{words.timeQuestion}</label>
          <select id="time" name="time" aria-invalid={faultAt("delivery.requestedFor") !== undefined}>
            {times.map((time) => (
              <option key={time} value={time}>
                {formatClockTime(time, language, menu.timeZone)}
              </option>
            ))}
          </select>
          <small className="fault">{faultAt("delivery.requestedFor")}</small>
        </p>
        <div className="dialog-foot">
          <p role="alert" className="fault">
            {error !== undefined &&
              (isShownAtFields ? words.errors.VALIDATION_FAILED : explain(error, words, language, menu))}
          </p>
          <button type="submit" className="main" aria-disabled={isPlacing}>
            {isPlacing ? words.placingOrder : words.placeOrder}
            <span className="sum">{formatPrice(cart.total)}</span>
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface DeliveryChoiceProps {
  readonly type: DeliveryType;
  readonly onChoose: (type: DeliveryType) => void;
}

function DeliveryChoice({ type, onChoose }: DeliveryChoiceProps): ReactNode {
  const { words } = useLanguage();
  return (
    <fieldset>
      <legend>{words.deliveryQuestion}</legend>
      <div className="sizes">
        {(["livraison", "emporter"] as const).map((each) => (
          <label key={each} className="choice">
            <input
              type="radio"
              name="type"
              value={each}
              checked={each === type}
              onChange={() => onChoose(each)}
            />
            <span>
              <strong>{each === "livraison" ? words.delivery : words.takeAway}</strong>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
