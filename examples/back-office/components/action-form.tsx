"use client";

import { type ReactNode, useActionState, useEffect, useRef } from "react";
import type { Result } from "../lib/action.ts";
import type { Texts } from "../lib/texts/texts.ts";
import { FormResult } from "./form-result.tsx";

interface Props {
  readonly action: (before: Result, form: FormData) => Promise<Result>;
  /** The text of the button. */
  readonly submit: string;
  readonly text: Texts;
  /** A random value of the page, for a form that creates something: sent again, it creates nothing. */
  readonly submission?: string;
  /** What the fields show at first. When it changes, they show the new content. Default: it never does. */
  readonly content?: string;
  /** Whether the form is one of several alike, whose buttons would drown the others. Default: false. */
  readonly isOneOfMany?: boolean;
  /** The fields, which show the faults of `result`. */
  readonly children: (result: Result) => ReactNode;
}

/**
 * A form of an action. It works without JavaScript. With it, the button is disabled while the form is sent, and the first wrong
 * field gets the focus.
 */
export function ActionForm({ action, submit, text, submission, content, isOneOfMany, children }: Props) {
  const [result, send, pending] = useActionState(action, {});
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (result.faults) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [result]);

  return (
    // The browser's own messages would hide those of the fields, and are in the browser's language.
    <form key={content} ref={form} action={send} noValidate className="panel">
      {submission && <input type="hidden" name="submission" value={submission} />}
      {children(result)}
      <div className="actions">
        <button type="submit" className={isOneOfMany ? undefined : "primary"} disabled={pending}>
          {submit}
        </button>
        <FormResult result={result} text={text} />
      </div>
    </form>
  );
}
