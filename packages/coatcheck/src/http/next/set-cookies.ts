import { parseSetCookie } from "cookie";
import type { ResponseHeaders } from "../message.ts";

/** The part of `cookies()` that an action and a route handler can write with. */
interface CookieWriter {
  set(cookie: NextCookie): unknown;
}

interface NextCookie {
  name: string;
  value: string;
  path?: string;
  domain?: string;
  expires?: Date;
  maxAge?: number;
  httpOnly?: boolean;
  secure?: boolean;
  partitioned?: boolean;
  sameSite?: boolean | "lax" | "strict" | "none";
}

/**
 * Response headers where the framework accepts nothing but cookies: after a server action, and when `redirect()` ends a route
 * handler. Other headers are dropped; an action's response forbids caching anyway.
 */
export class CookieHeaders implements ResponseHeaders {
  readonly #values: string[] = [];

  get(): null {
    return null;
  }

  set(): void {}

  append(name: string, value: string): void {
    if (name === "set-cookie") this.#values.push(value);
  }

  /** Sets the cookies. Of several with one name, Next.js keeps the last, which is the session's own. */
  applyTo(cookies: CookieWriter): void {
    for (const text of this.#values) {
      const { name, value = "", priority: _, ...attributes } = parseSetCookie(text, { decode: (raw) => raw });
      cookies.set({ ...attributes, name, value });
    }
  }
}
