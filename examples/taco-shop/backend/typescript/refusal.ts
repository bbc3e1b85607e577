/** One fault of an input: where, and what. */
export interface Field {
  readonly path: string;
  readonly message: string;
}

/** An answer that ends the request: `throw new Refusal(404, "not_found", "…")`. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** Further members of the error: `fields`, `items`. */
  readonly more: object;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: object = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.more = more;
    this.headers = headers;
  }
}

/** Collects the faults of an input, and refuses it if there are any. */
export class Faults {
  readonly #fields: Field[] = [];

  add(path: string, message: string): void {
    this.#fields.push({ path, message });
  }

  refuse(): void {
    if (this.#fields.length === 0) return;
    throw new Refusal(422, "validation", "Some of what was sent will not do.", { fields: this.#fields });
  }
}
