import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./next-build.ts";

const MAIN_FILE = fileURLToPath(new URL("../examples/back-office/src/main.ts", import.meta.url));

/** A back office that runs in its own process. */
export interface RunningOffice {
  readonly url: string;
  /** Returns the log of the process. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Starts the back office with its databases in `folder`. Resolves when the application is built.
 *
 * @param variables further environment variables, such as another `DATABASE_URL`.
 */
export async function startOffice(folder: string, variables: NodeJS.ProcessEnv = {}): Promise<RunningOffice> {
  // The office listens on `PORT` + 3.
  const port = (await freePort()) - 3;
  const child = spawn(process.execPath, ["--conditions=coatcheck-source", MAIN_FILE], {
    env: {
      ...process.env,
      NODE_ENV: "production",
      NODE_OPTIONS: "",
      HOST: "127.0.0.1",
      PORT: String(port),
      LOG_LEVEL: "warn",
      DATABASE_URL: `sqlite:${join(folder, "coatcheck.db")}`,
      ...variables,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const listening = Promise.withResolvers<void>();
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.includes("The back office is at")) listening.resolve();
  });
  exit.then(() =>
    listening.reject(new Error("The back office exited before it listened. Its output shows why.")),
  );
  await listening.promise;
  const url = `http://localhost:${port + 3}`;
  await waitUntilBuilt(`http://127.0.0.1:${port + 3}/login`);
  return {
    url,
    output: () => output,
    async stop() {
      if (child.exitCode === null) child.kill("SIGTERM");
      await exit;
    },
  };
}

/** Requests a page until it is no longer 503. Waits between requests as `Retry-After` states. */
async function waitUntilBuilt(url: string): Promise<void> {
  for (;;) {
    // A busy server may close an idle connection just when the client sends the next request.
    const response = await fetch(url, { headers: { connection: "close" } });
    const page = await response.text();
    if (response.status !== 503) return;
    if (page.includes("could not be built")) throw new Error(page);
    const seconds = Number(response.headers.get("retry-after"));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}
