import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TEST_PROGRAMS, type TestProgramName } from "../../../../scripts/test-programs/programs.ts";
import type { UpstreamOptions } from "../../src/gateway/index.ts";
import { upstreamPresets } from "../../src/gateway/index.ts";
import { createTemporaryFolder, findFreePort, requireProgram } from "../servers/machine.ts";
import { type RunningServer, startServer } from "../servers/start.ts";
import { supervise } from "../servers/supervise.ts";

/** A shop in another framework, with its own sessions and CSRF tokens. */
export interface ShopBackend {
  readonly title: string;
  readonly program: TestProgramName;
  /** The gateway's options for this shop. */
  readonly options: Pick<UpstreamOptions, "csrf" | "session" | "headers">;
  /** Whether the shop's test page can make a CSRF token invalid while the session continues. */
  readonly canInvalidateToken: boolean;
  start(): Promise<RunningServer>;
}

const PRESET_OPTIONS = { csrfPath: "/login/", loginPage: { path: "/login/" } };

const phpShop: ShopBackend = {
  title: "PHP",
  program: "php",
  options: upstreamPresets.php(PRESET_OPTIONS),
  canInvalidateToken: true,
  start: () =>
    startScript("php", "shop.php", (script, port, folder) => [
      "-d",
      `session.save_path=${folder}`,
      "-S",
      `127.0.0.1:${port}`,
      script,
    ]),
};

const flaskShop: ShopBackend = {
  title: "Flask-WTF",
  program: "pythonWeb",
  options: upstreamPresets.flaskWtf(PRESET_OPTIONS),
  canInvalidateToken: true,
  start: () => startScript("pythonWeb", "flask_shop.py", (script, port) => [script, String(port)]),
};

const djangoPreset = upstreamPresets.django(PRESET_OPTIONS);
const headers = { host: "shop.example" };

const djangoShop: ShopBackend = {
  title: "Django",
  program: "pythonWeb",
  options: { ...djangoPreset, headers },
  // The token is in a separate cookie, so the gateway always sends the newest token.
  canInvalidateToken: false,
  start: () => startScript("pythonWeb", "django_shop.py", (script, port) => [script, String(port)]),
};

const djangoShopWithSessionTokens: ShopBackend = {
  ...djangoShop,
  title: "Django with CSRF_USE_SESSIONS",
  options: {
    ...djangoPreset,
    csrf: djangoPreset.csrf && { ...djangoPreset.csrf, source: { input: "csrfmiddlewaretoken" } },
    headers,
  },
  canInvalidateToken: true,
  start: () =>
    startScript("pythonWeb", "django_shop.py", (script, port) => [script, String(port), "use-sessions"]),
};

export const SHOP_BACKENDS: readonly ShopBackend[] = [
  phpShop,
  flaskShop,
  djangoShop,
  djangoShopWithSessionTokens,
];

/** Starts a script of `backends/` on a free port. */
async function startScript(
  program: "php" | "pythonWeb",
  script: string,
  getArguments: (script: string, port: number, folder: string) => string[],
): Promise<RunningServer> {
  const command = requireProgram(TEST_PROGRAMS[program]);
  const path = fileURLToPath(new URL(`backends/${script}`, import.meta.url));
  return await startServer(script, async () => {
    const folder = await createTemporaryFolder("shop", null);
    const port = await findFreePort();
    const log = join(folder, "shop.log");
    const args = getArguments(path, port, folder);
    const server = await supervise({ command, args, folder, log, endSignal: "SIGTERM", user: null });
    return { server, url: `http://127.0.0.1:${port}`, ping: pingShop };
  });
}

/** Resolves if the shop at `url` responds with any status, else rejects. */
async function pingShop(url: string): Promise<void> {
  await fetch(`${url}/login/`);
}
