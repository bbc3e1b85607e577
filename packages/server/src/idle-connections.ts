import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Tracks connections that have not sent a request yet. Browsers and load balancers open such connections in advance.
 * Node treats them as active requests, so a closing server would wait for them.
 */
export class IdleConnections {
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", ({ socket }) => this.#sockets.delete(socket));
  }

  /** Closes these connections. A client with a new request then connects to another process. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
