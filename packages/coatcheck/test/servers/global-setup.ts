import type { TestProject } from "vitest/node";
import { openServerPool } from "./server-pool.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The socket where test files request servers, and the prefix of all data of this run. */
    servers: { readonly socket: string; readonly run: string };
  }
}

/** Vitest's global setup: lends servers to the test files, and stops them at the end of the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { socket, run, close } = await openServerPool();
  project.provide("servers", { socket, run });
  return close;
}
