import type { IncomingMessage, ServerResponse } from "node:http";
import next from "next";
import { build, FOLDER } from "./build.ts";
import { buildingPage, RETRY_AFTER } from "./building-page.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The state of the application. It is built at the first visit, so that the service and the shops start without
 * waiting.
 */
type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "building"; readonly since: number }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "ready"; readonly handle: Handler };

/** The application, and the page that waits until it is built. */
export class Application {
  #state: State = { kind: "waiting" };
  #opened: { close(): Promise<void> } | null = null;
  readonly #address: { readonly hostname: string; readonly port: number };

  constructor(address: { readonly hostname: string; readonly port: number }) {
    this.#address = address;
  }

  /** Responds to a request: with the application if it is ready, else with the page that waits for it. */
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

  /** Builds and starts the application. Resolves when it is ready, or has failed. */
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
