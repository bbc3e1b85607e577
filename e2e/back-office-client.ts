/** The parts of an API response that the tests read. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly code: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: each route has another body.
  readonly body: any;
}

/** A client of the API of the back office. It has no cookies. */
export class ApiClient {
  readonly #url: string;
  jwt: string | undefined;

  constructor(url: string, jwt?: string) {
    this.#url = url;
    this.jwt = jwt;
  }

  /** Sends a request, with the JWT as bearer token. */
  async send(
    call: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiResponse> {
    const [method, path] = call.split(" ") as [string, string];
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        // A busy server may close an idle connection just when the client sends the next request.
        connection: "close",
        ...(this.jwt && { authorization: `Bearer ${this.jwt}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text === "" ? null : JSON.parse(text);
    return { status: response.status, headers: response.headers, code: json?.error?.code, body: json };
  }

  /** Logs in and stores the JWT. Returns the session token. */
  async logIn(email: string): Promise<string> {
    const { body } = await this.send("POST /api/login", { email, password: "password123" });
    this.jwt = body.jwt;
    return body.session_token;
  }
}
