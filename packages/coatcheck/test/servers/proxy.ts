import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a shared server. A test can interrupt its own connections without disturbing other tests. */
export interface Proxy {
  /** The URL with which clients reach the server through this proxy. */
  readonly url: string;
  /** Holds back all data, like a network partition or a hanging server. */
  freeze(): void;
  /** Freezes existing connections but accepts new ones, like a router that has lost its state. */
  freezeOpenConnections(): void;
  /** Ends {@link freeze} or {@link freezeOpenConnections}, and delivers the data that was held back. */
  thaw(): void;
  /** Closes every connection and refuses new ones, like a dead server. */
  cut(): void;
  /** Accepts connections again after a {@link cut}. */
  acceptAgain(): void;
  /**
   * Forwards new connections to the server at `url`, like a host name that points to a new server. Open connections
   * stay on the old server.
   */
  pointTo(url: string): void;
  close(): Promise<void>;
}

/** Opens a proxy to the server at `url`. */
export async function proxyTo(url: string): Promise<Proxy> {
  let target = new URL(url);
  const sockets = new Set<Socket>();
  let state: "open" | "frozen" | "cut" = "open";

  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (state === "cut") return near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => to.write(chunk));
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    if (state === "frozen") far.pause();
    else near.resume();
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no TCP port.");
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String(address.port);

  const freezeOpenConnections = () => {
    for (const socket of sockets) socket.pause();
  };
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: through.href,
    freeze() {
      state = "frozen";
      freezeOpenConnections();
    },
    freezeOpenConnections,
    thaw() {
      state = "open";
      for (const socket of sockets) socket.resume();
    },
    cut() {
      state = "cut";
      drop();
    },
    acceptAgain() {
      state = "open";
    },
    pointTo(url) {
      target = new URL(url);
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
