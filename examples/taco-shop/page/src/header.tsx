import { type ReactNode, useRef } from "react";
import { AccountMenu } from "./account-menu.tsx";
import { useLanguage } from "./language.tsx";
import { TacoPicture } from "./pictures/taco.tsx";
import { SessionWatch } from "./session-watch.tsx";
import { LANGUAGES, type Menu } from "./wire.ts";

const LANGUAGE_NAMES = { fr: "Français", de: "Deutsch", en: "English" };

interface HeaderProps {
  /** Undefined until the menu is loaded. */
  readonly menu: Menu | undefined;
}

/** The header, with the shop's name, the choice of language, and the account button. */
export function Header({ menu }: HeaderProps): ReactNode {
  const { language, words, changeLanguage } = useLanguage();
  const account = useRef<HTMLButtonElement>(null);
  return (
    <header className="front">
      <div className="awning" aria-hidden="true" />
      <div className="sign">
        <TacoPicture size="tacos_XL" />
        <hgroup>
          <h1>{words.shop}</h1>
          <p>{words.slogan}</p>
        </hgroup>
        <fieldset className="languages">
          <legend className="unseen">{words.language}</legend>
          {LANGUAGES.map((each) => (
            <button
              key={each}
              type="button"
              lang={each}
              title={LANGUAGE_NAMES[each]}
              aria-pressed={each === language}
              onClick={() => changeLanguage(each)}
            >
              {each.toUpperCase()}
              <span className="unseen"> {LANGUAGE_NAMES[each]}</span>
            </button>
          ))}
        </fieldset>
        <AccountMenu shopMenu={menu} button={account} />
      </div>
      <SessionWatch
        onLogIn={() => {
          account.current?.focus();
          account.current?.click();
        }}
      />
    </header>
  );
}
