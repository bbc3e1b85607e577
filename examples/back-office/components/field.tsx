import { type ComponentProps, useId } from "react";
import type { Result } from "../lib/action.ts";
import type { Texts } from "../lib/texts/texts.ts";

/**
 * The properties of every form field. `result` contains the field's value and fault after the server has rejected the
 * form.
 */
export interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly result: Result;
  readonly text: Texts;
  /** A sentence below the field. If the field has a fault, the fault is shown instead. */
  readonly hint?: string;
}

interface Choice {
  readonly id: number | string;
  readonly name: string;
}

/**
 * Returns the note below a field, which is its fault or otherwise its hint, and the attributes that connect the note
 * with the field.
 */
function useFault({ name, result, text, hint }: FieldProps) {
  const id = useId();
  const key = result.faults?.[name];
  const note = key ? text[key] : hint;
  return {
    attributes: {
      ...(note && { "aria-describedby": id }),
      ...(key && { "aria-invalid": true }),
    },
    note: note && (
      <span id={id} className={key ? "error" : "hint"}>
        {note}
      </span>
    ),
  };
}

/**
 * A labelled input. After the server has rejected the form, it contains what the user entered, with the fault below.
 */
export function Field(props: FieldProps & Omit<ComponentProps<"input">, "name">) {
  const { name, label, result, text: _text, hint: _hint, defaultValue, ...input } = props;
  const { attributes, note } = useFault(props);
  const value = result.values?.[name]?.[0] ?? defaultValue;
  return (
    <div className="field">
      <label>
        {label}
        <input
          {...input}
          name={name}
          defaultValue={value}
          autoComplete={input.autoComplete ?? "off"}
          {...attributes}
        />
      </label>
      {note}
    </div>
  );
}

/** A labelled drop-down list. */
export function SelectField(
  props: FieldProps & { readonly choices: readonly Choice[]; readonly selected: number | string },
) {
  const { name, label, result, choices, selected } = props;
  const { attributes, note } = useFault(props);
  const value = result.values?.[name]?.[0] ?? String(selected);
  return (
    <div className="field">
      <label>
        {label}
        {/* React applies `defaultValue` only when it first renders the element. The key makes it render a new element. */}
        <select key={value} name={name} defaultValue={value} {...attributes}>
          {choices.map((choice) => (
            <option key={choice.id} value={choice.id}>
              {choice.name}
            </option>
          ))}
        </select>
      </label>
      {note}
    </div>
  );
}

/** A labelled group of check boxes. */
export function CheckBoxField(
  props: FieldProps & {
    readonly choices: readonly Choice[];
    readonly checkedValues: readonly (number | string)[];
  },
) {
  const { name, label, result, choices, checkedValues } = props;
  const { attributes, note } = useFault(props);
  const values = result.values ? (result.values[name] ?? []) : checkedValues.map(String);
  return (
    <fieldset aria-describedby={attributes["aria-describedby"]}>
      <legend>{label}</legend>
      {choices.map((choice) => (
        <label key={choice.id} className="check">
          <input
            type="checkbox"
            name={name}
            value={choice.id}
            defaultChecked={values.includes(String(choice.id))}
            aria-invalid={attributes["aria-invalid"]}
          />
          {choice.name}
        </label>
      ))}
      {note}
    </fieldset>
  );
}
