/** Builds what is published and has publint and attw judge the packed result, as an installer would meet it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "coatcheck-pack-"));

function run(command: string, ...args: string[]): void {
  console.log(`$ ${command} ${args.map((arg) => arg.replace(folder, "…")).join(" ")}`);
  execFileSync(command, args, { cwd: root, stdio: "inherit" });
}

try {
  run("npm", "run", "build", "--silent");
  run("npm", "pack", "--silent", "-w", "coatcheck", "-w", "coatcheck-server", "--pack-destination", folder);
  for (const file of readdirSync(folder)) {
    run("publint", "run", join(folder, file), "--strict");
    run("attw", join(folder, file), "--profile", "esm-only", "--format", "table-flipped");
  }
} finally {
  rmSync(folder, { recursive: true });
}
