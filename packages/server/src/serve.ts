import { Command } from "commander";
import { readConfig } from "./config.ts";
import type { RunningService } from "./service.ts";

interface ServeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly database?: string;
}

/** Milliseconds after the first signal during which active requests may finish. */
const STOP_TIMEOUT = 10_000;

/** The id of the parent process. Read it immediately, because npm may end while the service starts. */
const PARENT_PID = process.ppid;

/** Milliseconds between two checks of whether npm has ended. */
const PARENT_CHECK_INTERVAL = 500;

/** Milliseconds after the first signal during which a second signal is ignored as a repetition. */
const REPEATED_SIGNAL_WINDOW = 500;

/** Builds `coatcheck serve`. Its options take precedence over the environment variables. */
export function serveCommand(): Command {
  return new Command("serve")
    .description(
      "Run the service. Environment variables configure the rest: DATABASE_URL, SESSION_SECRETS, API_KEYS, …",
    )
    .option("--host <address>", "address to listen on (env: HOST, default: 127.0.0.1)")
    .option("--port <number>", "port to listen on; 0 picks a free one (env: PORT, default: 3000)")
    .option(
      "--database <url>",
      "sqlite:<path>, postgres://… or redis://… (env: DATABASE_URL, default: sqlite:./data/coatcheck.db)",
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const { HOST, PORT, DATABASE_URL } = process.env;
  const config = readConfig({
    ...process.env,
    HOST: options.host ?? HOST,
    PORT: options.port ?? PORT,
    DATABASE_URL: options.database ?? DATABASE_URL,
  });
  // Import after the configuration has been checked, so that --help and configuration errors appear quickly.
  const [{ createLog }, { startService }] = await Promise.all([
    import("./create-log.ts"),
    import("./service.ts"),
  ]);
  const log = createLog(config.logLevel);
  const service = await startService(config, log);
  process.stdout.write(startupMessage(service));
  stopOnSignal(service, () => log.info("stopped"));
}

/** Returns the startup message: URLs to open, and commands to paste into a shell. */
function startupMessage({ url, adminTokenFile }: RunningService): string {
  const sessions = `${url}/api/v1/sessions`;
  const admin = adminTokenFile === null ? "$ADMIN_TOKEN" : `$(cat '${adminTokenFile}')`;
  return `
  Coatcheck is running.

  Overview   ${url}/
  API        ${sessions}
  Reference  ${url}/docs
  Health     ${url}/health

  Create a session as a browser, create one under it, then list and count them as the admin:

  curl -c cookies.txt ${sessions} -H 'content-type: application/json' -d '{"metadata":{"customerName":"John Doe"}}'
  curl -b cookies.txt ${sessions} -H 'content-type: application/json' -d '{"name":"lunch"}'
  curl ${sessions} -H "authorization: Bearer ${admin}"
  curl ${sessions}/stats -H "authorization: Bearer ${admin}"

  To read or end a session, add its sessionId: curl -b cookies.txt [-X DELETE] ${sessions}/<sessionId>

`;
}

/**
 * Stops on SIGTERM and SIGINT. The first signal lets active requests finish. A second signal, or a timeout of ten
 * seconds, ends the process immediately.
 */
function stopOnSignal(service: RunningService, onStopped: () => void): void {
  let startedAt: number | null = null;
  const hop = async () => {
    if (startedAt !== null) {
      // One Ctrl-C can cause two signals: one from the terminal, and one that npm forwards.
      if (performance.now() - startedAt > REPEATED_SIGNAL_WINDOW) process.exit(1);
      return;
    }
    startedAt = performance.now();
    setTimeout(() => process.exit(1), STOP_TIMEOUT).unref();
    await service.stop();
    onStopped();
    process.exit(0);
  };
  process.on("SIGTERM", hop);
  process.on("SIGINT", hop);
  // npm and npx do not forward SIGTERM. When they end, this process gets another parent process.
  if (process.env.npm_command === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === PARENT_PID) return;
    clearInterval(timer);
    void hop();
  }, PARENT_CHECK_INTERVAL).unref();
}
