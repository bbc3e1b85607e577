import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import type { ResponseHeaders } from "../message.ts";

/**
 * The header forms that `writeHead` accepts: an object, a flat list `[name, value, …]`, or a list of pairs. Names in a
 * list may repeat.
 */
export type HeaderInput =
  | OutgoingHttpHeaders
  | readonly OutgoingHttpHeader[]
  | readonly (readonly string[])[];

/**
 * The headers of a `ServerResponse` before they are sent: set on the response, or passed to `writeHead`.
 *
 * If only `writeHead` sets headers, the passed object is used, because Node writes it without a copy. Otherwise its
 * headers are merged into the headers of the response, as Node does.
 */
export class NodeHeaders implements ResponseHeaders {
  readonly #response: ServerResponse;
  #stagedHeaders: OutgoingHttpHeaders | null = null;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** The headers to pass to the original `writeHead`; undefined when all are set on the response. */
  get fields(): OutgoingHttpHeaders | undefined {
    return this.#stagedHeaders ?? undefined;
  }

  /** Stores the headers passed to `writeHead`. Throws Node's own error for an invalid name or value. */
  setFields(fields: HeaderInput | null | undefined): void {
    if (!fields) return;
    if (!isHeaderList(fields)) {
      const names = Object.keys(fields);
      for (const name of names) validateHeader(name, fields[name]);
      this.#stagedHeaders = { ...fields };
      if (this.#response.getHeaderNames().length > 0) this.flush();
      return;
    }
    const pairs = headerPairsOf(fields);
    for (const [name] of pairs) this.#response.removeHeader(name);
    for (const [name, value] of pairs) this.#response.appendHeader(name, value);
  }

  /** Moves the headers passed to `writeHead` to the response. */
  flush(): void {
    for (const [name, value] of Object.entries(this.#stagedHeaders ?? {})) {
      this.#response.setHeader(name, value as OutgoingHttpHeader);
    }
    this.#stagedHeaders = null;
  }

  get(name: string): string | null {
    const value = this.#stagedHeaders
      ? this.#stagedHeaders[this.#stagedName(name)]
      : this.#response.getHeader(name);
    if (value === undefined) return null;
    return typeof value === "object" ? value.join(", ") : String(value);
  }

  set(name: string, value: string): void {
    if (this.#stagedHeaders) this.#stagedHeaders[this.#stagedName(name)] = value;
    else this.#response.setHeader(name, value);
  }

  append(name: string, value: string): void {
    if (!this.#stagedHeaders) {
      this.#response.appendHeader(name, value);
      return;
    }
    const stagedName = this.#stagedName(name);
    const present = this.#stagedHeaders[stagedName];
    if (present === undefined) this.#stagedHeaders[stagedName] = value;
    else this.#stagedHeaders[stagedName] = [...(Array.isArray(present) ? present : [String(present)]), value];
  }

  /**
   * Returns the spelling with which a header was passed to `writeHead`, such as `Set-Cookie` for `set-cookie`. Returns
   * `name` if the header was not passed.
   */
  #stagedName(name: string): string {
    for (const candidate in this.#stagedHeaders) {
      if (candidate.length === name.length && candidate.toLowerCase() === name) return candidate;
    }
    return name;
  }
}

function validateHeader(name: string, value: OutgoingHttpHeader | undefined): void {
  validateHeaderName(name);
  validateHeaderValue(name, value as string);
}

function isHeaderList(
  fields: HeaderInput,
): fields is readonly OutgoingHttpHeader[] | readonly (readonly string[])[] {
  return Array.isArray(fields);
}

function headerPairsOf(
  fields: readonly OutgoingHttpHeader[] | readonly (readonly string[])[],
): [name: string, value: string | string[]][] {
  const pairs: [string, string | string[]][] = [];
  if (Array.isArray(fields[0])) {
    for (const [name, value] of fields as readonly (readonly string[])[]) {
      pairs.push([String(name), String(value)]);
    }
    return pairs;
  }
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const value = fields[index + 1];
    pairs.push([String(fields[index]), Array.isArray(value) ? value.map(String) : String(value)]);
  }
  return pairs;
}
