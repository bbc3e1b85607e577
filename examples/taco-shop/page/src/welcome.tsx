import type { ReactNode } from "react";
import { useLanguage } from "./language.tsx";

/** Explains the shop to a visitor without orders. */
export function Welcome(): ReactNode {
  const { words } = useLanguage();
  return (
    <section className="welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">{words.welcome.title}</h2>
      <ol>
        {words.welcome.steps.map(({ title, text }) => (
          <li key={title}>
            <strong>{title}</strong>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
