import type { ErrorBody } from "../../src/session/errors.ts";
import type { Envelope, SessionView } from "../../src/wire.ts";

/** The user that the site under test returns for a subject. */
export interface User {
  readonly name: string;
}

/** A response. `data` and `code` are members of its JSON body. */
export interface EndpointResponse<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Data;
  readonly code: string | null;
}

/** A client that keeps cookies and the CSRF token, as the browser client does. */
export class Browser {
  readonly cookies = new Map<string, string>();
  csrfToken: string | null = null;
  readonly #url: string;
  readonly #userAgent: string;

  constructor(url: string, userAgent: string) {
    this.#url = url;
    this.#userAgent = userAgent;
  }

  async send<Data = SessionView<User>>(
    line: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<EndpointResponse<Data>> {
    const response = await this.fetch(line, body, headers);
    const envelope = (await response.json()) as Envelope<Data> | ErrorBody;
    const { status } = response;
    if (!envelope.success) {
      return { status, headers: response.headers, data: null as Data, code: envelope.error.code };
    }
    this.csrfToken = (envelope.data as { csrf_token?: string }).csrf_token ?? this.csrfToken;
    return { status, headers: response.headers, data: envelope.data, code: null };
  }

  async fetch(line: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) {
    const [method = "", path = ""] = line.split(" ");
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        "user-agent": this.#userAgent,
        // Close the connection, because an idle keep-alive connection would delay the shutdown of the server.
        connection: "close",
        // The browser client sends this header with every request, even without a body.
        "content-type": "application/json",
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(this.csrfToken && method !== "GET" && { "x-csrf-token": this.csrfToken }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    for (const cookie of response.headers.getSetCookie()) this.#storeCookie(cookie);
    return response;
  }

  async logIn(
    email = "ada",
    more: Record<string, unknown> = {},
  ): Promise<EndpointResponse<SessionView<User>>> {
    return await this.send("POST /session", { email, password: "secret", ...more });
  }

  /**
   * Returns a second browser with the current cookies. The second browser can still send them after this browser's
   * cookies have changed.
   */
  copy(): Browser {
    const copy = new Browser(this.#url, this.#userAgent);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    copy.csrfToken = this.csrfToken;
    return copy;
  }

  /** Opens the event stream. */
  async openEventStream(): Promise<EventReader> {
    const controller = new AbortController();
    const response = await this.fetch("GET /session/events", undefined, {}, controller.signal);
    return new EventReader(response, () => controller.abort());
  }

  #storeCookie(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    if (attributes.includes("Max-Age=0")) this.cookies.delete(pair.slice(0, equals));
    else this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
}

/** Reads an event stream. */
export class EventReader {
  readonly response: Response;
  readonly disconnect: () => void;
  /** The number of heartbeat comments received so far. */
  heartbeats = 0;
  readonly #events: AsyncIterator<string>;

  constructor(response: Response, disconnect: () => void) {
    this.response = response;
    this.disconnect = disconnect;
    this.#events = this.#read();
  }

  /** Waits for the next event. Returns `<event name> <session id>`, or null when the stream has ended. */
  async nextEvent(): Promise<string | null> {
    const { done, value } = await this.#events.next();
    return done ? null : value;
  }

  async *#read(): AsyncGenerator<string> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        if (block === ":") this.heartbeats++;
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (event) yield `${event} ${JSON.parse(data ?? "").id}`;
      }
    }
  }
}
