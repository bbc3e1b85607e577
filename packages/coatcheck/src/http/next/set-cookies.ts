import { parseSetCookie } from "cookie";
import type { ResponseHeaders } from "../message.ts";

/** The method of `cookies()` with which an action or a route handler sets cookies. */
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
 * Response headers of a server action, or of a route handler that ends with `redirect()`. Next.js accepts only cookies
 * there, so other headers are dropped. An action's response forbids caching anyway.
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

  /** Sets the cookies. If several have the same name, Next.js uses the last one, which is the new session cookie. */
  applyTo(cookies: CookieWriter): void {
    for (const text of this.#values) {
      const { name, value = "", priority: _, ...attributes } = parseSetCookie(text, { decode: (raw) => raw });
      cookies.set({ ...attributes, name, value });
    }
  }
}
