import { type JsonObject, SessionManager, type SessionStore } from "coatcheck";
import { coatcheck, type SessionEnv, sessionErrors } from "coatcheck/hono";
import { sessionRoutes } from "coatcheck/routes/hono";
import { memoryStore } from "coatcheck/store/memory";
import { Hono } from "hono";
import { Transcript } from "./transcript.ts";

/** A clock with the time that tests set with `vi.setSystemTime`. */
export const clock = { now: () => Date.now() };

export function managerOf<Data = JsonObject>(store: SessionStore): SessionManager<Data> {
  return new SessionManager<Data>({ store, secrets: ["a secret for these tests"], clock });
}

/** Stores the cookies of responses, as a browser does. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  get(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (line.includes("Max-Age=0")) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

export function headersOf(response: Response): Record<string, string | string[]> {
  return { ...Object.fromEntries(response.headers), "set-cookie": response.headers.getSetCookie() };
}

/** Creates an application with the session routes on a memory store, and a browser that sends requests to it. */
export function startSite() {
  const app = new Hono<SessionEnv<JsonObject>>();
  const manager = managerOf(memoryStore({ clock }));
  const routes = sessionRoutes(manager, {
    authenticate: ({ email, password }) => (password === "secret" ? { subject: String(email) } : null),
    clock,
  });
  app.use(coatcheck(manager, { csrf: { token: "required" } }), routes);
  app.onError(sessionErrors());
  const jar = new CookieJar();
  const transcript = new Transcript();

  async function record(
    title: string,
    line: string,
    body?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const [method = "", path = ""] = line.split(" ");
    const token = jar.get("__Host-csrf_token") ?? jar.get("csrf_token");
    const headers = {
      ...(jar.header && { cookie: jar.header }),
      ...(token && method !== "GET" && { "x-csrf-token": token }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...more,
    };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await app.request(path, { method, headers, ...text });
    jar.keep(response);
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    // Close an event stream, because otherwise its response would not end.
    if (isStream) routes.close();
    const received = { status: response.status, headers: headersOf(response), body: await response.text() };
    transcript.add(title, line, { headers, ...text }, received);
  }

  return { record, transcript };
}
