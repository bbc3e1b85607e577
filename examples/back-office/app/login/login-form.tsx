"use client";

import { useActionState, useRef } from "react";
import type { Texts } from "../../lib/texts/texts.ts";
import { logIn } from "./actions.ts";

interface Props {
  readonly text: Texts;
  readonly next: string;
  readonly password: string;
  readonly accounts: readonly { readonly email: string; readonly role: string }[];
}

export function LoginForm({ text, next, password, accounts }: Props) {
  const [result, action, pending] = useActionState(logIn, {});
  const form = useRef<HTMLFormElement>(null);

  /** Fills in a demo account. */
  function choose(email: string): void {
    const fields = form.current?.elements;
    for (const [name, value] of [
      ["email", email],
      ["password", password],
    ] as const) {
      const field = fields?.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = value;
    }
    form.current?.requestSubmit();
  }

  return (
    <>
      <form ref={form} action={action} className="panel">
        <input type="hidden" name="next" value={next} />
        <label>
          {text.email}
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          {text.password}
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        {result.error && (
          <p role="alert" className="error">
            {result.error === "wrongPassword" ? text.wrongPassword : result.error}
          </p>
        )}
        <button type="submit" className="primary" disabled={pending}>
          {text.logIn}
        </button>
      </form>
      <section aria-label="Demo" className="panel demo">
        <p>
          {text.demo} <code>{password}</code>.
        </p>
        <ul>
          {accounts.map(({ email, role }) => (
            <li key={email}>
              <button type="button" onClick={() => choose(email)} disabled={pending}>
                <strong>{email}</strong>
                <span>{role}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
