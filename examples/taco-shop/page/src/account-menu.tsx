import { useSession } from "coatcheck/react";
import { type ReactNode, type RefObject, useEffect, useId, useRef, useState } from "react";
import { Devices } from "./devices.tsx";
import { useLanguage } from "./language.tsx";
import { LogIn } from "./log-in.tsx";
import { LogOut } from "./log-out.tsx";
import { PastOrders } from "./past-orders.tsx";
import type { Account, Menu } from "./wire.ts";

type AccountDialog = "logIn" | "pastOrders" | "devices" | "logOut" | "logOutEverywhere";

interface AccountMenuProps {
  /** The shop's menu, for the names of ordered products. Undefined until it is loaded. */
  readonly shopMenu: Menu | undefined;
  readonly button: RefObject<HTMLButtonElement | null>;
}

/** The account button. Opens the menu of the logged-in user, or the login dialog. */
export function AccountMenu({ shopMenu, button }: AccountMenuProps): ReactNode {
  const { words } = useLanguage();
  const { user, loading } = useSession<Account>();
  const [open, setOpen] = useState<AccountDialog>();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const menuId = useId();
  const container = useRef<HTMLDivElement>(null);
  const close = () => setOpen(undefined);

  const [subject, setSubject] = useState(user?.id);
  if (user?.id !== subject) {
    // A login or logout in any tab closes the previous user's menu or dialog.
    setSubject(user?.id);
    setOpen(undefined);
    setMenuOpen(false);
  }

  useEffect(() => {
    if (!isMenuOpen) return;
    const listeners = new AbortController();
    const closeIfOutside = ({ target }: Event) => {
      if (target instanceof Node && !container.current?.contains(target)) setMenuOpen(false);
    };
    for (const type of ["focusin", "pointerdown"]) document.addEventListener(type, closeIfOutside, listeners);
    const closeOnEscape = ({ key }: KeyboardEvent) => {
      if (key !== "Escape") return;
      button.current?.focus();
      setMenuOpen(false);
    };
    document.addEventListener("keydown", closeOnEscape, listeners);
    return () => listeners.abort();
  }, [isMenuOpen, button]);

  const choose = (what: AccountDialog) => {
    // A closing dialog returns the focus to the element that opened it. The menu item no longer exists, so focus the
    // button.
    button.current?.focus();
    setMenuOpen(false);
    setOpen(what);
  };

  return (
    <div ref={container} className="account">
      <button
        ref={button}
        type="button"
        className="account-button"
        aria-disabled={loading}
        {...(user && { "aria-expanded": isMenuOpen, title: words.account.menu })}
        {...(isMenuOpen && { "aria-controls": menuId })}
        onClick={() => {
          if (user) setMenuOpen(!isMenuOpen);
          else if (!loading) setOpen("logIn");
        }}
      >
        <PersonIcon />
        <span className="account-name">{user ? user.name : words.account.logIn}</span>
      </button>
      {user && isMenuOpen && (
        <div id={menuId} className="account-menu">
          <p>
            <strong>{user.name}</strong>
            <small>{user.email}</small>
          </p>
          {(["pastOrders", "devices", "logOut", "logOutEverywhere"] as const).map((what) => (
            <button key={what} type="button" onClick={() => choose(what)}>
              {words.account[what]}
            </button>
          ))}
        </div>
      )}
      {open === "logIn" && <LogIn onClose={close} />}
      {open === "pastOrders" && shopMenu && <PastOrders menu={shopMenu} onClose={close} />}
      {open === "devices" && <Devices onClose={close} />}
      {(open === "logOut" || open === "logOutEverywhere") && (
        <LogOut isEverywhere={open === "logOutEverywhere"} onClose={close} />
      )}
    </div>
  );
}

function PersonIcon(): ReactNode {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="5.5" r="2.75" />
      <path d="M2.5 14c.4-3 2.6-4.5 5.5-4.5s5.1 1.5 5.5 4.5" />
    </svg>
  );
}
