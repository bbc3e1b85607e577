import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Tracks connections that have not sent a request yet: browsers and load balancers open them in advance. Node counts
 * such a connection as an active request, so a closing server would wait for it.
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

  /** Closes these connections. A client that was about to send a request connects again, to another process. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
