import type { App } from "./app.ts";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/**
 * Listens on the configured host and port. Returns the base URL to open in a browser, such as `http://localhost:3000`.
 *
 * @throws StartError if the port is unavailable, with the reason.
 */
export async function listen(app: App, { host, port }: Pick<Config, "host" | "port">): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new StartError([listenErrorOf({ host, port }, error)], error);
  }
  return urlOf(host, app);
}

/** Returns the URL to open on this machine, with `localhost` instead of a wildcard or loopback address. */
function urlOf(host: string, app: App): string {
  const [address] = app.addresses();
  const port = typeof address === "object" ? address.port : 0;
  const isLocalhost = host === "0.0.0.0" || host === "::" || host === "127.0.0.1" || host === "::1";
  const name = isLocalhost ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function listenErrorOf({ host, port }: Pick<Config, "host" | "port">, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is already in use; set another with PORT or --port.`;
    case "EACCES":
      return `No permission to listen on port ${port} of ${host}; set one above 1023 with PORT or --port.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine; set another with HOST or --host.`;
    default:
      return `Cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : error}`;
  }
}
