import type { App } from "./app.ts";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/**
 * Listens where the configuration says; answers the address as one would type it: `http://localhost:3000`.
 *
 * @throws StartError when the port cannot be had, with what stands in the way.
 */
export async function listen(app: App, { host, port }: Pick<Config, "host" | "port">): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new StartError([cannotListen({ host, port }, error)], error);
  }
  return urlOf(host, app);
}

/** What listens on every address, or on this machine's own, is reached here as `localhost`. */
function urlOf(host: string, app: App): string {
  const [address] = app.addresses();
  const port = typeof address === "object" ? address.port : 0;
  const isHere = host === "0.0.0.0" || host === "::" || host === "127.0.0.1" || host === "::1";
  const name = isHere ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function cannotListen({ host, port }: Pick<Config, "host" | "port">, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use; choose another with PORT or --port.`;
    case "EACCES":
      return `Port ${port} on ${host} needs more rights than this process has; choose one above 1023 with PORT or --port.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine; choose another with HOST or --host.`;
    default:
      return `Cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : error}`;
  }
}
