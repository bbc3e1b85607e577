import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import type { ResponseHead } from "./message.ts";

/** What `writeHead` takes: an object, a flat list `[name, value, …]`, or a list of pairs. Names in a list may repeat. */
export type HeadFields = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | readonly (readonly string[])[];

/**
 * The headers of a `ServerResponse` that has not left: those set on it, and those given to `writeHead`.
 *
 * Where `writeHead` alone is used they stay an object, which Node writes without a copy of its own; else they become
 * the response's, as in Node.
 */
export class NodeHead implements ResponseHead {
  readonly #response: ServerResponse;
  #fields: OutgoingHttpHeaders | null = null;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** What is to be given to `writeHead` in the end. */
  get staged(): OutgoingHttpHeaders | undefined {
    return this.#fields ?? undefined;
  }

  /** Takes the fields of `writeHead`. Throws what Node throws for a name or value that is none. */
  stage(fields: HeadFields | null | undefined): void {
    if (!fields) return;
    if (!isList(fields)) {
      const names = Object.keys(fields);
      for (const name of names) validateField(name, fields[name]);
      this.#fields = { ...fields };
      if (this.#response.getHeaderNames().length > 0) this.settle();
      return;
    }
    const pairs = pairsOf(fields);
    for (const [name] of pairs) this.#response.removeHeader(name);
    for (const [name, value] of pairs) this.#response.appendHeader(name, value);
  }

  /** Makes what was staged the response's own. */
  settle(): void {
    for (const [name, value] of Object.entries(this.#fields ?? {})) {
      this.#response.setHeader(name, value as OutgoingHttpHeader);
    }
    this.#fields = null;
  }

  get(name: string): string | null {
    const value = this.#fields ? this.#fields[this.#spelt(name)] : this.#response.getHeader(name);
    if (value === undefined) return null;
    return typeof value === "object" ? value.join(", ") : String(value);
  }

  set(name: string, value: string): void {
    if (this.#fields) this.#fields[this.#spelt(name)] = value;
    else this.#response.setHeader(name, value);
  }

  append(name: string, value: string): void {
    if (!this.#fields) {
      this.#response.appendHeader(name, value);
      return;
    }
    const spelt = this.#spelt(name);
    const present = this.#fields[spelt];
    if (present === undefined) this.#fields[spelt] = value;
    else this.#fields[spelt] = [...(Array.isArray(present) ? present : [String(present)]), value];
  }

  /** The name as it stands among the staged fields, in whatever case, else as given. */
  #spelt(name: string): string {
    for (const candidate in this.#fields) {
      if (candidate.length === name.length && candidate.toLowerCase() === name) return candidate;
    }
    return name;
  }
}

function validateField(name: string, value: OutgoingHttpHeader | undefined): void {
  validateHeaderName(name);
  validateHeaderValue(name, value as string);
}

function isList(
  fields: HeadFields,
): fields is readonly OutgoingHttpHeader[] | readonly (readonly string[])[] {
  return Array.isArray(fields);
}

function pairsOf(
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
