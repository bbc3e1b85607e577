import { Command } from "commander";
import { readConfig } from "./config.ts";
import type { RunningService } from "./service.ts";

interface ServeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly database?: string;
}

/** Milliseconds that requests under way have to finish. */
const LONGEST_STOP = 10_000;

/** Milliseconds within which two signals are one. */
const SAME_SIGNAL = 500;

/** `coatcheck serve`. Options outweigh the environment, which holds everything else. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("Run the service. The environment says the rest: DATABASE_URL, SESSION_SECRETS, API_KEYS, …")
    .option("--host <address>", "what to listen on (HOST; 127.0.0.1)")
    .option("--port <number>", "where to listen; 0 for any that is free (PORT; 3000)")
    .option(
      "--database <url>",
      "sqlite:<path>, postgres://… or redis://… (DATABASE_URL; sqlite:./data/coatcheck.db)",
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
  // Not before the configuration will do: help and complaints need no web server.
  const [{ pino }, { startService }] = await Promise.all([import("pino"), import("./service.ts")]);
  // Headers hold cookies, keys and tokens: whoever logs one by mistake logs nothing.
  const log = pino({ level: config.logLevel, redact: ["headers", "*.headers"] });
  const service = await startService(config, log);
  process.stdout.write(greeting(service));
  stopOnSignal(service, () => log.info("stopped"));
}

/** What to open, and lines that work when pasted. */
function greeting({ url, adminTokenFile }: RunningService): string {
  const sessions = `${url}/api/v1/sessions`;
  const admin = adminTokenFile === null ? "$ADMIN_TOKEN" : `$(cat '${adminTokenFile}')`;
  return `
  Coatcheck is running.

  API        ${sessions}
  Reference  ${url}/docs
  Health     ${url}/health

  Make a session, as a browser would, and one inside it; then, as the admin, list and count them:

  curl -c cookies.txt ${sessions} -H 'content-type: application/json' -d '{"metadata":{"customerName":"John Doe"}}'
  curl -b cookies.txt ${sessions} -H 'content-type: application/json' -d '{"name":"lunch"}'
  curl ${sessions} -H "authorization: Bearer ${admin}"
  curl ${sessions}/stats -H "authorization: Bearer ${admin}"

  To read or end one, add its sessionId: curl -b cookies.txt [-X DELETE] ${sessions}/<sessionId>

`;
}

/** The first signal lets requests finish; another one later, or ten seconds, ends the process at once. */
function stopOnSignal(service: RunningService, stopped: () => void): void {
  let began: number | null = null;
  const stop = async () => {
    if (began !== null) {
      // One Ctrl-C may arrive twice: from the terminal, and passed on by npm.
      if (performance.now() - began > SAME_SIGNAL) process.exit(1);
      return;
    }
    began = performance.now();
    setTimeout(() => process.exit(1), LONGEST_STOP).unref();
    await service.stop();
    stopped();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
