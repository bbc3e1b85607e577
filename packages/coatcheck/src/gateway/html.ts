import { Parser } from "htmlparser2";

/** Describes where a page contains a value: in an attribute of the first element with this tag and `name`. */
export interface ElementQuery {
  readonly tag: "meta" | "input";
  readonly name: string;
  readonly attribute: "content" | "value";
  /** Searches only the form with this `id`, `name` or `action`. */
  readonly form?: string;
}

/** Parse the page in pieces of this many characters, to stop once the element is found. */
const CHUNK_LENGTH = 16_384;

/** Finds a value in an HTML page; null when there is no such element. Ignores elements inside comments and scripts. */
export function findInPage(html: string, { tag, name, attribute, form }: ElementQuery): string | null {
  let found: string | null = null;
  let isInForm = form === undefined;
  const parser = new Parser({
    onopentag(element, attributes) {
      if (element === "form" && form !== undefined) {
        isInForm = [attributes.id, attributes.name, attributes.action].includes(form);
      }
      if (element === tag && isInForm && attributes.name === name) found ??= attributes[attribute] ?? "";
    },
    onclosetag(element) {
      if (element === "form" && form !== undefined) isInForm = false;
    },
  });
  for (let at = 0; at < html.length && found === null; at += CHUNK_LENGTH)
    parser.write(html.slice(at, at + CHUNK_LENGTH));
  parser.end();
  return found || null;
}

/** Whether a page has an element with this tag and `name`, such as the password field of a login form. */
export function hasInput(html: string, name: string): boolean {
  let isFound = false;
  const parser = new Parser({
    onopentag(element, attributes) {
      isFound ||= element === "input" && attributes.name === name;
    },
  });
  parser.end(html);
  return isFound;
}
