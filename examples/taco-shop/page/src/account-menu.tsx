import { useSession } from "coatcheck/react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Devices } from "./devices.tsx";
import { useLanguage } from "./language.tsx";
import { LogIn } from "./log-in.tsx";
import { LogOut } from "./log-out.tsx";
import { SessionWatch } from "./session-watch.tsx";
import type { Account } from "./wire.ts";

type Open = "logIn" | "devices" | "logOut" | "logOutEverywhere";

/** Who is logged in, and what they can do about it; for everybody else the way in. */
export function AccountMenu(): ReactNode {
  const { words } = useLanguage();
  const { user, loading } = useSession<Account>();
  const [open, setOpen] = useState<Open>();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const menu = useId();
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => setOpen(undefined);

  const [subject, setSubject] = useState(user?.id);
  if (user?.id !== subject) {
    // What one could do is not what the next one can, wherever they logged in or out.
    setSubject(user?.id);
    setOpen(undefined);
    setMenuOpen(false);
  }

  useEffect(() => {
    if (!isMenuOpen) return;
    const over = new AbortController();
    const elsewhere = ({ target }: Event) => {
      if (target instanceof Node && !place.current?.contains(target)) setMenuOpen(false);
    };
    for (const type of ["focusin", "pointerdown"]) document.addEventListener(type, elsewhere, over);
    const goBack = ({ key }: KeyboardEvent) => {
      if (key !== "Escape") return;
      button.current?.focus();
      setMenuOpen(false);
    };
    document.addEventListener("keydown", goBack, over);
    return () => over.abort();
  }, [isMenuOpen]);

  const choose = (what: Open) => {
    // The dialog gives the focus back to where it was: that must still be there then.
    button.current?.focus();
    setMenuOpen(false);
    setOpen(what);
  };

  return (
    <div ref={place} className="account">
      <button
        ref={button}
        type="button"
        className="account-button"
        aria-disabled={loading}
        {...(user && { "aria-expanded": isMenuOpen, title: words.account.menu })}
        {...(isMenuOpen && { "aria-controls": menu })}
        onClick={() => {
          if (user) setMenuOpen(!isMenuOpen);
          else if (!loading) setOpen("logIn");
        }}
      >
        <Person />
        <span className="account-name">{user ? user.name : words.account.logIn}</span>
      </button>
      {user && isMenuOpen && (
        <div id={menu} className="account-menu">
          <p>
            <strong>{user.name}</strong>
            <small>{user.email}</small>
          </p>
          {(["devices", "logOut", "logOutEverywhere"] as const).map((what) => (
            <button key={what} type="button" onClick={() => choose(what)}>
              {words.account[what]}
            </button>
          ))}
        </div>
      )}
      <SessionWatch onLogIn={() => choose("logIn")} />
      {open === "logIn" && <LogIn onClose={close} />}
      {open === "devices" && <Devices onClose={close} />}
      {(open === "logOut" || open === "logOutEverywhere") && (
        <LogOut isEverywhere={open === "logOutEverywhere"} onClose={close} />
      )}
    </div>
  );
}

function Person(): ReactNode {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="5.5" r="2.75" />
      <path d="M2.5 14c.4-3 2.6-4.5 5.5-4.5s5.1 1.5 5.5 4.5" />
    </svg>
  );
}
