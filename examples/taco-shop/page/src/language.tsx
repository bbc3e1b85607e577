import { useSession } from "coatcheck/react";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { changeAccount } from "./api.ts";
import { kept } from "./kept.ts";
import { manager } from "./session.ts";
import { type Account, LANGUAGES, type Language } from "./wire.ts";
import { de } from "./words/de.ts";
import { en, type Words } from "./words/en.ts";
import { fr } from "./words/fr.ts";

const WORDS: Record<Language, Words> = { fr, de, en };

interface Spoken {
  readonly language: Language;
  readonly words: Words;
  readonly speak: (language: Language) => void;
}

const LanguageContext = createContext<Spoken | null>(null);

/** The language chosen before, else the browser's first that the shop speaks, else the shop's own. */
function firstLanguage(): Language {
  const wanted = [kept.read("language"), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  return wanted.find(isSpoken) ?? "fr";
}

const isSpoken = (tag: string | undefined): tag is Language => LANGUAGES.some((language) => language === tag);

/** Speaks one language in all tabs of the browser, and that of the account wherever somebody logs in. */
export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState(firstLanguage);
  const words = WORDS[language];
  const ofAccount = useSession<Account, Language | null>({ select: ({ user }) => user?.language ?? null });
  const saving = useRef<Promise<unknown>>(undefined);

  const [adopted, setAdopted] = useState(ofAccount);
  if (ofAccount !== adopted) {
    setAdopted(ofAccount);
    if (ofAccount) setLanguage(ofAccount);
  }
  useEffect(() => {
    if (ofAccount) kept.write("language", ofAccount);
  }, [ofAccount]);
  useEffect(() => kept.follow("language", (chosen) => isSpoken(chosen) && setLanguage(chosen)), []);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${words.shop} · ${words.menu}`;
  }, [language, words]);

  const speak = (chosen: Language) => {
    kept.write("language", chosen);
    setLanguage(chosen);
    if (manager.$session.get().status === "authenticated") void save(chosen);
  };
  /** One after the other, so that the last choice is the one that stays. */
  const save = async (chosen: Language) => {
    const before = saving.current;
    const mine = Promise.resolve(before).then(() => changeAccount({ language: chosen }));
    // An account that could not be told speaks as before at the next login; nothing is lost here.
    const saved = mine.catch(() => {});
    saving.current = saved;
    await saved;
    if (saving.current === saved) await manager.getSession({ fresh: true }).catch(() => {});
  };
  return <LanguageContext value={{ language, words, speak }}>{children}</LanguageContext>;
}

/** The language of the page, its words, and the way to another. */
export function useLanguage(): Spoken {
  const spoken = useContext(LanguageContext);
  if (!spoken) throw new Error("There is no <LanguageProvider> above this component.");
  return spoken;
}
