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
   * Returns all values of a cookie name, in the order sent, at most four. A browser sends several if it has cookies of
   * this name for several paths or domains.
   */
  all(name: string): readonly string[] {
    return cookieValues(this.#header, name).slice(0, MAX_DUPLICATES).map(decodeValue);
  }

  /** Returns the first value of a cookie name. */
  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** Returns the first value of a cookie name, parsed as JSON; undefined when it is missing or not JSON. */
  json(name: string): unknown {
    try {
      return JSON.parse(this.text(name) ?? "");
    } catch {
      return undefined;
    }
  }
}

/** Limits how many cookies of one name are checked in a request, because each check verifies a signature. */
const MAX_DUPLICATES = 4;

function decodeValue(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
