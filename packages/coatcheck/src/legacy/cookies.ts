import { cookieValues } from "../http/cookie.ts";

/** The cookies of one request, as the older system reads them: URL-decoded. */
export class LegacyCookies {
  readonly #header: string;

  constructor(header: string) {
    this.#header = header;
  }

  /** Whether the request carries a cookie of this name. */
  has(name: string): boolean {
    return cookieValues(this.#header, name).length > 0;
  }

  /** Every value of a name, in the order sent: a browser has several when they lie on several paths or domains. */
  all(name: string): readonly string[] {
    return cookieValues(this.#header, name).slice(0, MOST_DUPLICATES).map(decoded);
  }

  /** The first value of a name. */
  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** The first value of a name as JSON, such as a flag or an object; undefined when it is none. */
  json(name: string): unknown {
    try {
      return JSON.parse(this.text(name) ?? "");
    } catch {
      return undefined;
    }
  }
}

/** More of one name is an attack: each costs a signature to check. */
const MOST_DUPLICATES = 4;

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
