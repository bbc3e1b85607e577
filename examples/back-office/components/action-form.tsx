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
  /**
   * For a form that creates an entry: a random value that the page has generated. The form can be sent again with the
   * same value without creating a second entry.
   */
  readonly submission?: string;
  /**
   * A key of the initial content of the fields. When the key changes, the fields show the new content. Default: the
   * content never changes.
   */
  readonly content?: string;
  /** Whether the page has several such forms, so that their buttons must be less prominent. Default: false. */
  readonly isOneOfMany?: boolean;
  /** Renders the fields, with the faults of `result`. */
  readonly children: (result: Result) => ReactNode;
}

/**
 * A form that calls a server action. It works without JavaScript. With JavaScript, the button is disabled while the
 * form is sent, and the first invalid field gets the focus.
 */
export function ActionForm({ action, submit, text, submission, content, isOneOfMany, children }: Props) {
  const [result, send, pending] = useActionState(action, {});
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (result.faults) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [result]);

  return (
    // `noValidate` turns off the browser's own messages. They would hide the messages of the fields, and would be in
    // the browser's language.
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
