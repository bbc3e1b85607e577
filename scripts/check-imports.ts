/**
 * Bundles every import path of the library and fails when something bleeds in: Node built-ins into the browser's
 * code, React outside `react`, a driver outside its own store, one room of the house into another it may not know.
 */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

const root = fileURLToPath(new URL("../packages/coatcheck/", import.meta.url));

/** Room → the rooms it may import. `session` imports nothing of ours. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  session: [],
  store: ["session"],
  cache: ["session", "store"],
  http: ["session"],
  device: ["session"],
  visit: ["session"],
  context: ["session"],
  gateway: ["session"],
  legacy: ["session", "http"],
  client: [],
  react: ["client"],
  testing: ["session", "store", "cache", "http"],
  "": ["session"],
};

/** Package → the only rooms or files that may import it. Built-ins are everybody's but the browser's. */
const ONLY_IN: Record<string, readonly string[]> = {
  react: ["react"],
  nanostores: ["client", "react"],
  pg: ["store/postgres/connect.ts"],
  redis: ["store/redis/connect.ts"],
  "@upstash/redis": ["store/redis/upstash.ts"],
  kysely: ["store"],
  "lru-cache": ["cache", "device"],
  bowser: ["device"],
  isbot: ["device"],
  cockatiel: ["cache", "gateway"],
  cookie: ["http", "legacy"],
  undici: ["gateway"],
  "tough-cookie": ["gateway"],
  "iron-session": ["legacy"],
  jose: ["legacy"],
  "fast-check": ["testing"],
};

const BROWSER_ROOMS = ["client", "react"];

function roomOf(file: string): string {
  const folder = dirname(relative(`${root}src`, `${root}${file}`)).split("/")[0] ?? "";
  return folder === "." ? "" : folder;
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function faultsOf(inputs: Metafile["inputs"]): string[] {
  const faults: string[] = [];
  for (const [file, { imports }] of Object.entries(inputs)) {
    const room = roomOf(file);
    for (const { path, external } of imports) {
      if (!external) {
        const target = roomOf(path);
        if (target !== room && !(MAY_IMPORT[room] ?? []).includes(target)) {
          faults.push(`${file} imports ${path}: ${room || "index"} may not know ${target}`);
        }
      } else if (isBuiltin(path)) {
        if (BROWSER_ROOMS.includes(room))
          faults.push(`${file} imports ${path}: the browser has no such thing`);
      } else {
        const places = ONLY_IN[packageOf(path)];
        const isAllowed = places?.some((place) => place === room || `src/${place}` === file);
        if (!isAllowed) faults.push(`${file} imports ${path}: not listed for ${room || basename(file)}`);
      }
    }
  }
  return faults;
}

const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const entries = Object.entries<{ "coatcheck-source"?: string }>(manifest.exports).flatMap(([path, target]) =>
  target["coatcheck-source"] ? [[path, target["coatcheck-source"]] as const] : [],
);

const faults = new Set<string>();
for (const [path, source] of entries) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [source],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    outdir: "unwritten",
    logLevel: "silent",
  });
  const found = faultsOf(metafile.inputs);
  for (const fault of found) faults.add(fault);
  console.log(`${found.length === 0 ? "ok  " : "FAIL"} ${path.replace(".", "coatcheck")}`);
}
for (const fault of faults) console.error(fault);
if (faults.size > 0) process.exit(1);
