import { rmSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll } from "vitest";
import { readConfig } from "../src/config.ts";
import { createLog } from "../src/create-log.ts";
import { startService } from "../src/service.ts";
import { SHARED_VARIABLES, temporaryFolder } from "./fixtures.ts";

/**
 * A service in the process of the tests, on a free port and a SQLite database in `folder`. It starts faster than a
 * {@link RunningService}, so use it unless a test is about the process.
 */
export class LocalService {
  readonly url: string;
  readonly folder: string;
  readonly #logged: readonly string[];
  readonly #stop: () => Promise<void>;

  private constructor(
    url: string,
    options: {
      readonly folder: string;
      readonly logged: readonly string[];
      readonly stop: () => Promise<void>;
    },
  ) {
    this.url = url;
    this.folder = options.folder;
    this.#logged = options.logged;
    this.#stop = options.stop;
  }

  /** Starts a service. It reads `variables` instead of the environment. */
  static async start(folder: string, variables: Record<string, string> = {}): Promise<LocalService> {
    const DATABASE_URL = `sqlite:${join(folder, "data", "coatcheck.db")}`;
    const config = readConfig({ ...SHARED_VARIABLES, DATABASE_URL, ...variables });
    const logged: string[] = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        logged.push(String(chunk));
        done();
      },
    });
    const { url, stop } = await startService(config, createLog(config.logLevel, destination));
    return new LocalService(url, { folder, logged, stop });
  }

  /** All lines of the log. */
  get log(): string {
    return this.#logged.join("");
  }

  async end(): Promise<void> {
    await this.#stop();
  }
}

/** Starts a {@link LocalService} with its own database for all tests of the calling file. */
export function useService(variables: Record<string, string> = {}): () => LocalService {
  let service: LocalService;
  beforeAll(async () => {
    service = await LocalService.start(temporaryFolder(), variables);
  });
  afterAll(async () => {
    await service.end();
    rmSync(service.folder, { recursive: true });
  });
  return () => service;
}
