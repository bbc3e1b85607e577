/** A response with its parsed body. */
export interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** The response body of a success or an error. Its loose types let tests compare any body. */
export interface Body {
  readonly success?: boolean;
  readonly data?: Record<string, unknown> & { readonly sessionId?: string; readonly token?: string };
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly faults?: { path: string; message: string }[];
  };
}

/** An HTTP client that stores the session cookie like a browser, and sends its key or token if it has one. */
export class TestClient {
  readonly #url: string;
  readonly #key: string | null;
  /** The value of the session cookie. Null without a cookie. */
  cookie: string | null = null;

  constructor(url: string, key: string | null = null) {
    this.#url = url;
    this.#key = key;
  }

  /** Sends a request. A string body is sent unchanged, any other body as JSON. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<TestResponse> {
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

  async get(path: string): Promise<TestResponse> {
    return await this.send("GET", path);
  }

  async post(path: string, body: unknown = {}): Promise<TestResponse> {
    return await this.send("POST", path, body);
  }

  async patch(path: string, body: unknown, headers: Record<string, string> = {}): Promise<TestResponse> {
    return await this.send("PATCH", path, body, headers);
  }

  async delete(path: string): Promise<TestResponse> {
    return await this.send("DELETE", path);
  }

  /** Creates a session and returns its path. */
  async create(body: unknown = {}): Promise<string> {
    const { body: response, status } = await this.post("/api/v1/sessions", body);
    if (status !== 201) throw new Error(`Creating a session failed: ${JSON.stringify(response)}`);
    return `/api/v1/sessions/${response.data?.sessionId}`;
  }
}
