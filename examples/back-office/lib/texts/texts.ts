import type { LANGUAGES } from "../choices.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

export type Language = (typeof LANGUAGES)[number];

export type Texts = Readonly<Record<keyof typeof en, string>>;

const TEXTS: Readonly<Record<Language, Texts>> = { en, de };

/** Returns the texts of the pages in a language. */
export function texts(language: Language): Texts {
  return TEXTS[language];
}
