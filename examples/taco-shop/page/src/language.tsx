import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { kept } from "./kept.ts";
import { LANGUAGES, type Language } from "./wire.ts";
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
  return LANGUAGES.find((language) => language === wanted.find(isSpoken)) ?? "fr";
}

const isSpoken = (tag: string | undefined) => LANGUAGES.some((language) => language === tag);

export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState(firstLanguage);
  const words = WORDS[language];

  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${words.shop} · ${words.menu}`;
  }, [language, words]);

  const speak = (chosen: Language) => {
    kept.write("language", chosen);
    setLanguage(chosen);
  };
  return <LanguageContext value={{ language, words, speak }}>{children}</LanguageContext>;
}

/** The language of the page, its words, and the way to another. */
export function useLanguage(): Spoken {
  const spoken = useContext(LanguageContext);
  if (!spoken) throw new Error("There is no <LanguageProvider> above this component.");
  return spoken;
}
