import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Config, readConfig, StartError } from "coatcheck-server";
import { provideOffice } from "../lib/office.ts";
import { Application } from "./application.ts";
import { createHeaderReplacer } from "./client-headers.ts";
import { closeOffice, openOffice } from "./open-office.ts";

/** A back office that accepts requests. */
export interface RunningBackOffice {
  readonly url: string;
  /** Ends the connections, stores activity that is still in memory, and closes the databases. */
  stop(): Promise<void>;
}

/**
 * Opens the databases and listens on the service's port + 3. The first request builds the application.
 *
 * @throws StartError when a database or the port is unavailable.
 */
export async function startBackOffice(config: Config): Promise<RunningBackOffice> {
  const { host, port, secureCookie, trustProxy } = config;
  const office = await openOffice(config);
  provideOffice(office);
  process.env.OFFICE_SECURE_COOKIE = String(secureCookie === true);
  const server = createServer();
  server.listen(port === 0 ? 0 : port + 3, host);
  await once(server, "listening").catch(async (error: Error) => {
    await closeOffice(office);
    throw new StartError([`Cannot listen on ${host}: ${error.message}.`], error);
  });
  const bound = (server.address() as AddressInfo).port;
  const application = new Application({ hostname: host, port: bound });
  const setClientHeaders = createHeaderReplacer(trustProxy ?? false);
  server.on("request", (request, response) => {
    setClientHeaders(request);
    void application.handle(request, response);
  });
  const isLocal = ["127.0.0.1", "0.0.0.0", "::", "::1"].includes(host);
  return {
    url: `http://${isLocal ? "localhost" : host}:${bound}`,
    async stop() {
      server.close();
      // Close event streams too, because they never end by themselves.
      server.closeAllConnections();
      await once(server, "close");
      await application.close();
      await closeOffice(office);
    },
  };
}

if (import.meta.main) {
  try {
    const office = await startBackOffice(readConfig(process.env));
    console.log(`\n  The back office is at ${office.url}. The first request builds it.\n`);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, async () => {
        await office.stop();
        process.exit(0);
      });
    }
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const line of error.lines) console.error(`back office: ${line}`);
    process.exitCode = 1;
  }
}
