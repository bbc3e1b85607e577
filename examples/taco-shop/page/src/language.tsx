import { useSession } from "coatcheck/react";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { changeAccount } from "./api.ts";
import { storage } from "./local-storage.ts";
import { client } from "./session.ts";
import { type Account, LANGUAGES, type Language } from "./wire.ts";
import { de } from "./words/de.ts";
import { en, type Words } from "./words/en.ts";
import { fr } from "./words/fr.ts";

const WORDS: Record<Language, Words> = { fr, de, en };

interface LanguageState {
  readonly language: Language;
  readonly words: Words;
  readonly changeLanguage: (language: Language) => void;
}

const LanguageContext = createContext<LanguageState | null>(null);

/** Returns the stored language, otherwise the browser's first supported language, otherwise French. */
function initialLanguage(): Language {
  const wanted = [storage.read("language"), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  return wanted.find(isSupported) ?? "fr";
}

const isSupported = (tag: string | undefined): tag is Language =>
  LANGUAGES.some((language) => language === tag);

/** Provides the language, which is the same in all tabs of the browser. A login switches to the account's language. */
export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState(initialLanguage);
  const words = WORDS[language];
  const ofAccount = useSession<Account, Language | null>({ select: ({ user }) => user?.language ?? null });
  const saving = useRef<Promise<unknown>>(undefined);

  const [adopted, setAdopted] = useState(ofAccount);
  if (ofAccount !== adopted) {
    setAdopted(ofAccount);
    if (ofAccount) setLanguage(ofAccount);
  }
  useEffect(() => {
    if (ofAccount) storage.write("language", ofAccount);
  }, [ofAccount]);
  useEffect(() => storage.follow("language", (chosen) => isSupported(chosen) && setLanguage(chosen)), []);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${words.shop} · ${words.menu}`;
  }, [language, words]);

  const changeLanguage = (chosen: Language) => {
    storage.write("language", chosen);
    setLanguage(chosen);
    if (client.$session.get().status === "authenticated") void save(chosen);
  };
  /** Saves choices one after another, so that the last choice is stored. */
  const save = async (chosen: Language) => {
    const before = saving.current;
    const request = Promise.resolve(before).then(() => changeAccount({ language: chosen }));
    // If saving fails, the choice applies to this browser only. Show no error message.
    const saved = request.catch(() => {});
    saving.current = saved;
    await saved;
    if (saving.current === saved) await client.getSession({ fresh: true }).catch(() => {});
  };
  return <LanguageContext value={{ language, words, changeLanguage }}>{children}</LanguageContext>;
}

/** Returns the page's language, its texts, and the function that changes it. */
export function useLanguage(): LanguageState {
  const state = useContext(LanguageContext);
  if (!state) throw new Error("useLanguage() needs a <LanguageProvider> above the component.");
  return state;
}
