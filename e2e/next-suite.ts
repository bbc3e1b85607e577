import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import {
  type BuildVariant,
  buildApplication,
  type RunningApplication,
  startApplication,
} from "./next-build.ts";
import { Visitor } from "./next-fixtures.ts";

/** The running application that the tests of a file share. */
export interface NextSite {
  readonly application: RunningApplication;
  readonly database: string;
  readonly variant: BuildVariant;
  /** Returns a visitor without cookies. */
  createVisitor(): Visitor;
  /** Returns how often the server's process has opened the manager and the visits, and checked a token. */
  readCounts(): Promise<{ readonly opens: number; readonly visitOpens: number; readonly checks: number }>;
  /** Moves the session manager's clock forward. */
  advance(milliseconds: number): Promise<void>;
}

/** Builds and starts the application before the tests of a file. */
export function setUpNextSite(variant: BuildVariant): NextSite {
  let folder: string;
  let application: RunningApplication;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-next-"));
    application = await startApplication(buildApplication(variant), join(folder, "sessions.db"));
  }, 300_000);
  afterAll(async () => {
    await application?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  return {
    variant,
    get application() {
      return application;
    },
    get database() {
      return join(folder, "sessions.db");
    },
    createVisitor: () => new Visitor(application),
    async readCounts() {
      return JSON.parse((await new Visitor(application).send("/api/counts")).body);
    },
    async advance(milliseconds) {
      await new Visitor(application).send("/api/clock", { method: "POST", body: String(milliseconds) });
    },
  };
}
