/**
 * Builds the tracker's plain script, which the library serves unchanged. `npm run build:tracker` writes the script into
 * the source; a test compares that file with a new build.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./documents.ts";

const tracker = join(root, "packages/coatcheck/src/visit/tracker");

/** Returns the minified script. */
export async function buildTrackerScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(tracker, "script.ts")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
  });
  return outputFiles[0]?.text.trim() ?? "";
}

if (import.meta.main) {
  const lines = [
    "// Built from script.ts by `npm run build:tracker`.",
    "",
    "/** The tracker as a plain script, minified. The beacon route has the script's path without `.js`. */",
    `export const TRACKER_SCRIPT = ${JSON.stringify(await buildTrackerScript())};`,
    "",
  ];
  writeFileSync(join(tracker, "script-text.ts"), lines.join("\n"));
}
