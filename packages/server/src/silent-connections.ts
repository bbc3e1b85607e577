import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * The connections of a server that have asked for nothing yet: browsers and load balancers connect ahead of time. Node
 * takes such a one for a request under way, so a server that closes would wait for it.
 */
export class SilentConnections {
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", ({ socket }) => this.#sockets.delete(socket));
  }

  /** Ends them. Whoever was about to ask asks another process, as after the close. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
