/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** The envelope, whatever it holds: the tests compare it with what it shall be. */
export interface Body {
  readonly success?: boolean;
  readonly data?: Record<string, unknown> & { readonly sessionId?: string; readonly token?: string };
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly faults?: { path: string; message: string }[];
  };
}

/** Somebody who talks to a service: keeps the cookie that it is given, as a browser does, and sends a key if it has one. */
export class Visitor {
  readonly #url: string;
  readonly #key: string | null;
  /** The cookie's value; null when there is none. */
  cookie: string | null = null;

  constructor(url: string, key: string | null = null) {
    this.#url = url;
    this.#key = key;
  }

  /** A string goes as it is, anything else as JSON. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        ...(this.cookie === null ? {} : { cookie: `sid=${this.cookie}` }),
        ...(this.#key === null ? {} : { authorization: `Bearer ${this.#key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const value = /^sid=([^;]*)/.exec(line)?.[1];
      if (value !== undefined) this.cookie = value === "" ? null : value;
    }
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text) };
  }

  async get(path: string): Promise<Answer> {
    return await this.send("GET", path);
  }

  async post(path: string, body: unknown = {}): Promise<Answer> {
    return await this.send("POST", path, body);
  }

  async patch(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.send("PATCH", path, body, headers);
  }

  async delete(path: string): Promise<Answer> {
    return await this.send("DELETE", path);
  }

  /** Creates a session and answers its path. */
  async create(body: unknown = {}): Promise<string> {
    const { body: answer, status } = await this.post("/api/v1/sessions", body);
    if (status !== 201) throw new Error(`There is no new session: ${JSON.stringify(answer)}`);
    return `/api/v1/sessions/${answer.data?.sessionId}`;
  }
}
