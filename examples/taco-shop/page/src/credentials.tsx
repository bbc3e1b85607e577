import { SessionError } from "coatcheck/client";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { ApiError } from "./api.ts";
import { explain, explainFault } from "./explain.ts";
import { Field } from "./field.tsx";
import { useLanguage } from "./language.tsx";
import { storage } from "./local-storage.ts";
import type { Fault, Language } from "./wire.ts";
import type { Words } from "./words/en.ts";

export interface EnteredCredentials {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

interface CredentialsProps {
  /** Whether the form creates an account. Default: false. */
  readonly isNew?: boolean;
  /** A fixed e-mail address. Default: the user enters one. */
  readonly email?: string;
  /** The label of the submit button. */
  readonly submit: string;
  /** Rejects when the server rejects the credentials. */
  readonly onSubmit: (given: EnteredCredentials) => Promise<unknown>;
}

/** A form for e-mail address and password, and for the name of a new account. Shows each fault at its field. */
export function Credentials({ isNew = false, email, submit, onSubmit }: CredentialsProps): ReactNode {
  const { language, words } = useLanguage();
  const form = useRef<HTMLFormElement>(null);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();

  useEffect(() => {
    if (error !== undefined) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);

  const send = async (given: EnteredCredentials) => {
    if (isSending) return;
    setSending(true);
    try {
      await onSubmit(given);
    } catch (thrown) {
      setError(thrown);
      setSending(false);
    }
  };
  // The password field shows this error and gets the focus.
  const isWrongPassword = error instanceof SessionError && error.code === "FORBIDDEN";
  const faultAt = (path: string) => faultTextAt(path, error, words);
  return (
    <form
      ref={form}
      noValidate
      method="post"
      className="checkout"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const text = (field: string) => String(form.get(field) ?? "");
        void send({ name: text("name").trim(), email: text("email").trim(), password: text("password") });
      }}
    >
      {isNew && (
        <Field
          label={words.name}
          name="name"
          autoComplete="name"
          maxLength={80}
          defaultValue={storage.read("name") ?? ""}
          fault={faultAt("name")}
        />
      )}
      <Field
        label={words.account.email}
        name="email"
        type="email"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        defaultValue={email}
        readOnly={email !== undefined}
        fault={faultAt("email")}
      />
      <Field
        label={words.account.password}
        name="password"
        type="password"
        autoComplete={isNew ? "new-password" : "current-password"}
        fault={isWrongPassword ? words.account.refused : faultAt("password")}
        {...(isNew && { hint: words.account.passwordHint })}
      />
      <div className="dialog-foot">
        <p role="alert" className="fault">
          {!isWrongPassword && summaryOf(error, words, language)}
        </p>
        <button type="submit" className="main" aria-disabled={isSending}>
          {submit}
        </button>
      </div>
    </form>
  );
}

/** Describes the fault of a field, if any. */
function faultTextAt(path: string, error: unknown, words: Words): string | undefined {
  const fault = faultsOf(error).find((each) => each.path === path);
  if (!fault) return undefined;
  if (path === "email" && isTaken(error)) return words.account.taken;
  return explainFault(fault, words);
}

/** Describes an error that is shown below the form, because it belongs to no field. */
function summaryOf(error: unknown, words: Words, language: Language): string | undefined {
  if (error === undefined) return undefined;
  return faultsOf(error).length > 0 ? words.errors.VALIDATION_FAILED : explain(error, words, language);
}

const faultsOf = (error: unknown): readonly Fault[] => (error instanceof ApiError ? error.faults : []);

const isTaken = (error: unknown) => error instanceof ApiError && error.code === "CONFLICT";
