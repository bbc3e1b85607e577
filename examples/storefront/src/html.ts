/** Markup that is safe to send, because every inserted value has been escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** A value that a template accepts. `null`, `undefined` and `false` become an empty string. */
export type TemplateValue = Html | string | number | null | undefined | false | readonly TemplateValue[];

/**
 * Builds markup from a template. Escapes every value that is not an {@link Html}.
 *
 * @example
 * html`<p>${customer.name}</p>`
 */
export function html(strings: TemplateStringsArray, ...parts: readonly TemplateValue[]): Html {
  const text = strings.map(
    (string, index) => string + (index < parts.length ? renderValue(parts[index]) : ""),
  );
  return new Html(text.join(""));
}

function renderValue(part: TemplateValue): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(renderValue).join("");
  return escapeHtml(String(part));
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? character);
}
