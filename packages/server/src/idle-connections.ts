import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Tracks connections on which no request has arrived yet. Browsers and load balancers open such connections in advance.
 * Node treats these connections like active requests, so a closing server would wait for them.
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

  /** Closes the idle connections. A client that sends a request later opens a new connection to another process. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
