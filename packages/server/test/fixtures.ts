import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";

/** The credentials that the services in tests accept. */
export const ADMIN_TOKEN = "admin-token-of-the-tests";
export const API_KEYS = { slack: "key-of-the-slack-bot-0001", shop: "key-of-the-shop-backend-2" } as const;

/** The file of the command `coatcheck`. */
export const COMMAND_FILE = fileURLToPath(new URL("../bin/coatcheck.js", import.meta.url));

/** Creates a temporary folder, which the caller must remove. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "coatcheck-server-"));
}

/** Runs the command `coatcheck` in a child process, in `folder` and with only `variables` as environment. */
export class Command {
  readonly child: ChildProcess;
  output = "";
  errors = "";
  readonly #ended: Promise<unknown>;
  #hasEnded = false;

  constructor(args: readonly string[], folder: string, variables: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [COMMAND_FILE, ...args], { cwd: folder, env: variables });
    this.child.stdout?.on("data", (chunk) => {
      this.output += chunk;
    });
    this.child.stderr?.on("data", (chunk) => {
      this.errors += chunk;
    });
    // After the timeout of a test, nothing else would end the child process.
    const kill = () => this.child.kill("SIGKILL");
    process.once("exit", kill);
    this.#ended = once(this.child, "close").then(() => {
      this.#hasEnded = true;
      process.removeListener("exit", kill);
    });
  }

  /** Resolves to the exit code when the process has ended and its output is complete. */
  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.child.exitCode;
  }

  /** Waits until the output matches the pattern. Resolves to the first match. */
  async waitForOutput(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.#hasEnded) throw new Error(`The command ended: ${this.errors}${this.output}`);
      await Promise.race([once(this.child.stdout ?? this.child, "data"), this.#ended]);
    }
  }
}

/** The variables of all services in tests. */
export const SHARED_VARIABLES = {
  PORT: "0",
  ADMIN_TOKEN: ADMIN_TOKEN,
  API_KEYS: `slack:${API_KEYS.slack},shop:${API_KEYS.shop}`,
};

/** A service in a child process, on a free port. `LocalService` starts faster. */
export class RunningService {
  readonly command: Command;
  readonly folder: string;
  url = "";

  constructor(folder: string, variables: Record<string, string>) {
    this.folder = folder;
    this.command = new Command(["serve"], folder, { ...SHARED_VARIABLES, ...variables });
  }

  async waitUntilStarted(): Promise<this> {
    this.url = (await this.command.waitForOutput(/API +(http:\S+)\/api/))[1] ?? "";
    return this;
  }

  /** Sends the signal. Resolves to the exit code when the process has ended. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.command.child.kill(signal);
    return await this.command.exitCode();
  }
}

/**
 * Starts one service with its own database, in a child process, for all tests of the calling file. Use it for tests of
 * the OpenAPI document, whose schemas Zod registers for the whole process.
 */
export function useServiceProcess(): () => RunningService {
  let service: RunningService;
  beforeAll(async () => {
    service = await new RunningService(temporaryFolder(), {}).waitUntilStarted();
  });
  afterAll(async () => {
    await service.end();
    rmSync(service.folder, { recursive: true });
  });
  return () => service;
}
