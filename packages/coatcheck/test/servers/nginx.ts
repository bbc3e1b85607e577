import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import { createTemporaryFolder, findFreePort, requireProgram } from "./machine.ts";
import { type RunningServer, startServer } from "./start.ts";
import { supervise } from "./supervise.ts";

const TEMPORARY_PATHS = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/**
 * Starts an nginx that forwards requests to `upstream`. It buffers responses by default, and compresses all content
 * types.
 */
export async function startNginx(upstream: string): Promise<RunningServer> {
  const command = requireProgram(TEST_PROGRAMS.nginx);
  return await startServer("nginx", async () => {
    const folder = await createTemporaryFolder("nginx", null);
    const port = await findFreePort();
    await writeFile(
      join(folder, "nginx.conf"),
      `daemon off; master_process off; error_log stderr; pid ${folder}/pid;
events {}
http {
  access_log off;
  ${TEMPORARY_PATHS.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass ${upstream}; proxy_set_header Host $http_host; }
  }
}
`,
    );
    const args = ["-p", folder, "-c", join(folder, "nginx.conf")];
    const log = join(folder, "nginx.log");
    const server = await supervise({ command, args, folder, log, endSignal: "SIGTERM", user: null });
    const url = `http://127.0.0.1:${port}`;
    return { server, url, ping: (address) => fetch(address).then(() => {}) };
  });
}
