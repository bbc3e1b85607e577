import { type InputHTMLAttributes, type ReactNode, useId } from "react";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly hint?: string;
  /** The error message about the value. */
  readonly fault?: string | undefined;
}

/** A text field with its label, and with its error message or hint. */
export function Field({ label, hint, fault, ...input }: FieldProps): ReactNode {
  const id = useId();
  const note = fault ?? hint;
  return (
    <p className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        aria-invalid={fault !== undefined}
        aria-describedby={note ? `${id}-note` : undefined}
      />
      {note && (
        <small id={`${id}-note`} className={fault ? "fault" : "hint"}>
          {note}
        </small>
      )}
    </p>
  );
}
