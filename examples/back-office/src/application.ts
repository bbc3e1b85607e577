import type { IncomingMessage, ServerResponse } from "node:http";
import next from "next";
import { build, FOLDER } from "./build.ts";
import { buildingPage, RETRY_AFTER } from "./building-page.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The state of the Next.js application. The first request starts its build, so that the other programs of `npm start`
 * do not wait for the build.
 */
type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "building"; readonly since: number }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "ready"; readonly handle: Handler };

/** The Next.js application. Until its build has finished, each request gets a page that reloads itself. */
export class Application {
  #state: State = { kind: "waiting" };
  #opened: { close(): Promise<void> } | null = null;
  readonly #address: { readonly hostname: string; readonly port: number };

  constructor(address: { readonly hostname: string; readonly port: number }) {
    this.#address = address;
  }

  /**
   * Passes a request to the application. Responds with 503 and a page that reloads itself while the application is not
   * ready.
   */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#state.kind === "ready") return await this.#state.handle(request, response);
    const failure = this.#state.kind === "failed" ? this.#state.message : null;
    const began = this.#state.kind === "building" ? this.#state.since : performance.now();
    if (this.#state.kind !== "building") void this.#prepare();
    response.writeHead(503, {
      "cache-control": "no-store",
      "content-type": "text/html; charset=utf-8",
      "retry-after": String(RETRY_AFTER),
    });
    response.end(buildingPage(Math.round((performance.now() - began) / 1000), failure));
  }

  /** Builds and starts the application. Resolves when the application is ready or its build has failed. */
  async #prepare(): Promise<void> {
    this.#state = { kind: "building", since: performance.now() };
    try {
      await build();
      const application = next({ dev: false, dir: FOLDER, ...this.#address });
      await application.prepare();
      this.#opened = application;
      this.#state = { kind: "ready", handle: application.getRequestHandler() };
    } catch (error) {
      console.error(error);
      this.#state = { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    await this.#opened?.close();
  }
}
