import { cookieValues } from "../http/cookie.ts";

/** The cookies of one request, with URL-decoded values. */
export class LegacyCookies {
  readonly #header: string;

  constructor(header: string) {
    this.#header = header;
  }

  /** Whether the request carries a cookie of this name. */
  has(name: string): boolean {
    return cookieValues(this.#header, name).length > 0;
  }

  /**
   * All values of a name, in the order sent, at most four. A browser sends several when it has cookies of one name on
   * several paths or domains.
   */
  all(name: string): readonly string[] {
    return cookieValues(this.#header, name).slice(0, MAX_DUPLICATES).map(decoded);
  }

  /** The first value of a name. */
  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** The first value of a name, parsed as JSON; undefined when it is missing or not JSON. */
  json(name: string): unknown {
    try {
      return JSON.parse(this.text(name) ?? "");
    } catch {
      return undefined;
    }
  }
}

/** Limits the work of a request with many cookies of one name, because each value costs a signature check. */
const MAX_DUPLICATES = 4;

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
