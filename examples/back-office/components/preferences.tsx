"use client";

import { setLanguage, setTheme } from "../app/(office)/preferences.ts";
import type { Language, Texts } from "../lib/texts/texts.ts";

interface Props {
  readonly theme: string;
  readonly language: Language;
  readonly text: Texts;
}

/**
 * Selects theme and language. A choice applies to this session, and to the user's other sessions in which the user has
 * made no choice.
 */
export function Preferences({ theme, language, text }: Props) {
  return (
    <div className="preferences">
      <label>
        {text.theme}
        <select defaultValue={theme} key={theme} onChange={(event) => setTheme(event.target.value)}>
          <option value="system">{text.system}</option>
          <option value="light">{text.light}</option>
          <option value="dark">{text.dark}</option>
        </select>
      </label>
      <label>
        {text.language}
        <select defaultValue={language} key={language} onChange={(event) => setLanguage(event.target.value)}>
          <option value="en" lang="en">
            English
          </option>
          <option value="de" lang="de">
            Deutsch
          </option>
        </select>
      </label>
    </div>
  );
}
