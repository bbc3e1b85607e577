import type { TestProject } from "vitest/node";
import { openBroker } from "./broker.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where a test file asks for a server, and the name that all of this run's data bear. */
    servers: { readonly socket: string; readonly run: string };
  }
}

/** Vitest's global setup: servers for this run, started when first asked for, ended with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { socket, run, close } = await openBroker();
  project.provide("servers", { socket, run });
  return close;
}
