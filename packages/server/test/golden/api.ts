import { CoatcheckError, SessionManager, type SessionStore } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { describeClient } from "coatcheck/device";
import { memoryStore } from "coatcheck/store/memory";
import { pino } from "pino";
import { buildApp } from "../../src/app.ts";
import { Credentials } from "../../src/credentials.ts";
import { ADMIN_TOKEN, API_KEYS } from "../fixtures.ts";
import { Transcript } from "./transcript.ts";

const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

interface RequestOptions {
  readonly cookie?: string | undefined;
  readonly bearer?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent unchanged, any other value as JSON. */
  readonly body?: unknown;
}

/** The parts of a response that the tests read. */
export interface ReceivedResponse {
  readonly status: number;
  /** Value of the session cookie. Empty if the response sets no cookie. */
  readonly cookie: string;
  readonly id: string;
  readonly token: string;
  readonly text: string;
}

/** Starts the service in this process, on a memory store that tests can make fail. Its clock is `Date`. */
export async function startApi() {
  let isDown = false;
  const clock = { now: () => Date.now() };
  const store = failingStore(memoryStore({ clock }), () => isDown);
  const cache = createCache({ store, singleProcess: true, clock });
  const manager = new SessionManager({ store, secrets: ["a secret for these tests"], clock, cache });
  const app = await buildApp({
    manager,
    cache,
    credentials: new Credentials(ADMIN_TOKEN, [
      { name: "slack", key: API_KEYS.slack },
      { name: "shop", key: API_KEYS.shop },
    ]),
    log: pino({ level: "silent" }),
    clock,
    trustProxy: false,
    secureCookie: true,
    describeClient,
    servesMetrics: true,
  });
  const transcript = new Transcript();

  async function send(line: string, options: RequestOptions = {}) {
    const [method = "", url = ""] = line.split(" ");
    const headers = {
      ...(options.cookie && { cookie: `__Host-sid=${options.cookie}` }),
      ...(options.bearer && { authorization: `Bearer ${options.bearer}` }),
      ...(options.body !== undefined && { "content-type": "application/json" }),
      ...options.headers,
    };
    const payload = typeof options.body === "string" ? options.body : JSON.stringify(options.body);
    const response = await app.inject({
      method: method as "GET",
      url,
      headers: { "user-agent": USER_AGENT, ...headers },
      ...(payload !== undefined && { payload }),
    });
    return { headers, payload, response };
  }

  return {
    app,
    transcript,
    setDown(down: boolean) {
      isDown = down;
    },
    /** Sends a request without writing it to the transcript. */
    async prepare(line: string, options?: RequestOptions): Promise<ReceivedResponse> {
      return toReceivedResponse((await send(line, options)).response);
    },
    /** Sends a request and writes request and response to the transcript. `show` can shorten the response body. */
    async record(title: string, line: string, options?: RequestOptions, show = (body: string) => body) {
      const { headers, payload, response } = await send(line, options);
      const message = { headers, ...(payload !== undefined && { body: payload }) };
      const { statusCode: status, body } = response;
      transcript.add(title, line, message, {
        status,
        headers: headersOf(response.headers),
        body: show(body),
      });
      return toReceivedResponse(response);
    },
    async close() {
      await app.close();
      await manager.close();
    },
  };
}

/** Converts header values, whose type in Node is too wide, to text. */
function headersOf(headers: object): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value : String(value)]),
  );
}

function toReceivedResponse(response: {
  readonly statusCode: number;
  readonly headers: object;
  readonly body: string;
}): ReceivedResponse {
  const cookies = "set-cookie" in response.headers ? String(response.headers["set-cookie"]) : "";
  const { data } = response.body.startsWith("{") ? JSON.parse(response.body) : { data: null };
  return {
    status: response.statusCode,
    cookie: /__Host-sid=([^;]*)/.exec(cookies)?.[1] ?? "",
    id: data?.sessionId ?? data?.session?.sessionId ?? "",
    token: data?.token ?? "",
    text: response.body,
  };
}

function failingStore(store: SessionStore, isDown: () => boolean): SessionStore {
  return {
    ...store,
    async get(id) {
      if (isDown()) throw new CoatcheckError("STORE_UNAVAILABLE", "The test has stopped the store.");
      return await store.get(id);
    },
  };
}
