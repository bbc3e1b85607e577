/** One fault of an input: the path of the value, and what is wrong with it. */
export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

/** An error response that ends the request: `throw new Refusal(404, "not_found", "…")`. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** Additional members of the error: `fields` or `items`. */
  readonly details: object;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { readonly details?: object; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
  }
}

/** Collects the faults of an input, so that one response lists all of them. */
export class Faults {
  readonly #fields: FieldFault[] = [];

  add(path: string, message: string): void {
    this.#fields.push({ path, message });
  }

  /** Throws 422 `validation` if there is a fault. The message names the first fault. */
  throwIfAny(): void {
    const [first] = this.#fields;
    if (!first) return;
    const message = `Invalid request: ${first.path} ${first.message}.`;
    throw new Refusal(422, "validation", message, { details: { fields: this.#fields } });
  }
}
