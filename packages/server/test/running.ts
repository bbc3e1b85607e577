import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";

/** What the tests' services know. */
export const ADMIN = "admin-token-of-the-tests";
export const KEYS = { slack: "key-of-the-slack-bot-0001", shop: "key-of-the-shop-backend-2" } as const;

const COMMAND = fileURLToPath(new URL("../bin/coatcheck.js", import.meta.url));

/** A new folder; whoever asks for it removes it. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "coatcheck-server-"));
}

/** The command as a process of its own, in `folder`, with no more of the environment than what is given. */
export class Command {
  readonly child: ChildProcess;
  output = "";
  errors = "";
  readonly #ended: Promise<unknown>;

  constructor(args: readonly string[], folder: string, variables: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [COMMAND, ...args], { cwd: folder, env: variables });
    this.child.stdout?.on("data", (chunk) => {
      this.output += chunk;
    });
    this.child.stderr?.on("data", (chunk) => {
      this.errors += chunk;
    });
    this.#ended = once(this.child, "close");
  }

  /** The exit code, once it has ended and all that it wrote is here. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.child.exitCode;
  }

  /** What the pattern finds in the output, once it is there. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.child.exitCode !== null) throw new Error(`It ended: ${this.errors}${this.output}`);
      await Promise.race([once(this.child.stdout ?? this.child, "data"), this.#ended]);
    }
  }
}

/** A service that listens on a free port. */
export class RunningService {
  readonly command: Command;
  readonly folder: string;
  url = "";

  constructor(folder: string, variables: Record<string, string>) {
    this.folder = folder;
    this.command = new Command(["serve"], folder, {
      PORT: "0",
      ADMIN_TOKEN: ADMIN,
      API_KEYS: `slack:${KEYS.slack},shop:${KEYS.shop}`,
      ...variables,
    });
  }

  async started(): Promise<this> {
    this.url = (await this.command.said(/API +(http:\S+)\/api/))[1] ?? "";
    return this;
  }

  /** Ends it; resolves to the exit code when it has ended. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.command.child.kill(signal);
    return await this.command.ended();
  }
}

/** One service for all tests of a file, on a database of its own. */
export function serviceOfThisFile(variables: Record<string, string> = {}): () => RunningService {
  let service: RunningService;
  beforeAll(async () => {
    service = await new RunningService(temporaryFolder(), variables).started();
  });
  afterAll(async () => {
    await service.end();
    rmSync(service.folder, { recursive: true });
  });
  return () => service;
}
