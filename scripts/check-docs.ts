/**
 * Checks the documents against the code: every TypeScript block must compile, and every script of an `npm run` command
 * and every target of a relative link must exist.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { documents, root, typescriptBlocks } from "./documents.ts";

const WORKSPACES = ["packages/coatcheck", "packages/server", "examples/taco-shop"];

const { devDependencies } = manifestIn(".");
const faults: string[] = [];
if (!readFileSync(join(root, "README.md"), "utf8").includes(`Node ${devDependencies.node}`)) {
  faults.push(`README.md must name the bundled Node ${devDependencies.node}`);
}
// Create the folder inside the workspace, so that imports resolve as in an application of the workspace.
const folder = mkdtempSync(join(root, "packages", "server", ".docs-"));

try {
  for (const { file, code } of typescriptBlocks()) writeFileSync(join(folder, file), code);
  for (const document of documents) {
    const text = readFileSync(join(root, document), "utf8");
    for (const [command, name = "", workspace] of text.matchAll(/npm run ([\w:-]+)(?: -w ([\w/-]+))?/g)) {
      if (!hasScript(name, workspace)) faults.push(`${document}: there is no "${command}"`);
    }
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
      if (!existsSync(join(root, dirname(document), target ?? "")))
        faults.push(`${document}: ${target} leads nowhere`);
    }
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.base.json",
      compilerOptions: {
        lib: ["ES2024", "DOM"],
        jsx: "react-jsx",
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ["*.ts"],
    }),
  );
  execFileSync("tsc", ["-p", folder], { cwd: root, stdio: "inherit" });
} catch {
  faults.push(
    "a TypeScript block does not compile; the file's name says which document, and which block of it",
  );
} finally {
  rmSync(folder, { recursive: true });
}

/** Reads the package.json of a folder. */
function manifestIn(folder: string) {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
}

/** Whether the script exists in the root or in `workspace`, which is a folder or a package name. */
function hasScript(script: string, workspace: string | undefined): boolean {
  const folders = workspace === undefined ? ["."] : WORKSPACES;
  return folders
    .filter((folder) => folder === (workspace ?? ".") || manifestIn(folder).name === workspace)
    .some((folder) => script in (manifestIn(folder).scripts ?? {}));
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(`ok   ${documents.length} documents`);
