/**
 * Reads the imports of every source file, including type-only imports, and fails on forbidden imports: Node built-ins
 * in browser code, React outside `react`, a database driver outside its store, or a folder of the library that another
 * folder must not depend on. Also fails on import cycles.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { parseSync } from "vite";
import { root } from "./documents.ts";

const LIBRARY = "packages/coatcheck/src/";

/**
 * Maps each folder of the library to the folders that it may import. `session` imports no other folder. `wire` is the
 * file `wire.ts`.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  session: [],
  wire: ["session"],
  store: ["session"],
  cache: ["session", "store"],
  http: ["session", "wire"],
  device: ["session"],
  visit: ["session", "device", "tracker"],
  tracker: ["session", "visit"],
  context: ["session", "cache", "store"],
  jwt: ["session", "cache", "context", "http"],
  encryption: ["session", "cache", "context"],
  gateway: ["session"],
  legacy: ["session", "http"],
  client: ["wire", "session"],
  react: ["client", "wire"],
  testing: ["session", "store", "cache", "http", "visit"],
  index: ["session"],
};

/**
 * Maps subfolders to additional folders that they may import. For example, the SQL sinks use the connections of the SQL
 * stores.
 */
const MAY_ALSO_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "visit/sink/": ["store"],
};

/** Maps each package to the only folders or files of the library that may import it. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  "@standard-schema/spec": ["session", "visit", "context"],
  react: ["react", "http/next/page.ts"],
  next: ["http", "react/next.ts"],
  nanostores: ["client", "react"],
  pg: ["store/postgres/connect.ts", "store/postgres/hints.ts"],
  redis: ["store/redis/connect.ts"],
  "@upstash/redis": ["store/redis/upstash.ts"],
  kysely: ["store", "visit"],
  "lru-cache": ["cache", "device", "visit", "context", "jwt"],
  bowser: ["device"],
  isbot: ["device"],
  cockatiel: ["cache", "gateway"],
  cookie: ["http", "legacy"],
  fastify: ["http"],
  hono: ["http"],
  jose: ["jwt"],
  sqids: ["context/sqids.ts"],
  undici: ["gateway"],
  "tough-cookie": ["gateway"],
  htmlparser2: ["gateway"],
  "fast-check": ["testing"],
};

/** Folders with browser code. From `session`, they may import types but no values. */
const BROWSER_FOLDERS = ["wire", "client", "react", "tracker"];

/**
 * Files of `session` that browser code may import nevertheless: they have no imports, and production builds omit them.
 */
const ALSO_IN_BROWSERS = ["session/known-options.ts"].map((file) => LIBRARY + file);

/** The only allowed import cycle: a simulated node, and the simulation to which the node belongs. */
const ALLOWED_CYCLE = ["testing/simulator/node.ts", "testing/simulator/simulation.ts"].map(
  (file) => LIBRARY + file,
);

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly isType: boolean;
}

/** Returns the imports and re-exports of a source file, including `import("…")` in code and in types. */
function importsOf(file: string): Import[] {
  const { program, errors } = parseSync(file, readFileSync(posix.join(root, file), "utf8"));
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`);
  const found: Import[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    if (typeof node !== "object" || node === null || !("type" in node)) return;
    const { source, importKind, exportKind, specifiers } = node as Record<string, unknown>;
    const specifier =
      typeof source === "object" && source !== null && "value" in source ? source.value : null;
    if (typeof specifier === "string") {
      const names = (Array.isArray(specifiers) ? specifiers : []) as Record<string, unknown>[];
      const isType =
        node.type === "TSImportType" ||
        importKind === "type" ||
        exportKind === "type" ||
        (names.length > 0 && names.every((name) => name.importKind === "type" || name.exportKind === "type"));
      found.push({ from: file, specifier, isType });
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(program);
  return found;
}

/** Returns the file to which a relative import refers. */
function targetOf({ from, specifier }: Import): string {
  return posix.join(posix.dirname(from), specifier);
}

/**
 * Returns the library folder of a file, or the file's own name if it is in no folder. The tracker is treated as a
 * separate folder, because it runs in browsers.
 */
function folderOf(file: string): string {
  if (file.startsWith(`${LIBRARY}visit/tracker/`)) return "tracker";
  const [first = "", ...rest] = file.slice(LIBRARY.length).split("/");
  return rest.length > 0 ? first : posix.basename(first, ".ts");
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function mayImport(from: string, folder: string): boolean {
  if (MAY_IMPORT[folderOf(from)]?.includes(folder)) return true;
  return Object.entries(MAY_ALSO_IMPORT).some(
    ([inner, others]) => from.startsWith(LIBRARY + inner) && others.includes(folder),
  );
}

/** Returns the fault of an import in the library. Null for an allowed import. */
function faultOf(each: Import): string | null {
  const { from, specifier, isType } = each;
  const folder = folderOf(from);
  const isBrowser = BROWSER_FOLDERS.includes(folder);
  if (specifier.startsWith(".")) {
    const other = folderOf(targetOf(each));
    if (other === folder) return null;
    if (!mayImport(from, other)) return `${from} imports ${specifier}: ${folder} must not import ${other}`;
    return isBrowser &&
      !isType &&
      !BROWSER_FOLDERS.includes(other) &&
      !ALSO_IN_BROWSERS.includes(targetOf(each))
      ? `${from} imports ${specifier}: a browser must not load ${other}; import its types only`
      : null;
  }
  if (isBuiltin(specifier)) {
    return isBrowser ? `${from} imports ${specifier}: browsers have no Node built-ins` : null;
  }
  const places = ONLY_IN[packageOf(specifier)];
  const isAllowed = places?.some((place) => place === folder || LIBRARY + place === from);
  return isAllowed ? null : `${from} imports ${specifier}: not listed for ${folder}`;
}

/** Returns the groups of files that form an import cycle (Tarjan's strongly connected components). */
function cyclesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const index = order.size;
    order.set(file, index);
    stack.push(file);
    let low = index;
    for (const next of imports.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(file, low);
    if (low === index) {
      const cycle = stack.splice(stack.indexOf(file));
      if (cycle.length > 1 || imports.get(file)?.includes(file)) cycles.push(cycle.sort());
    }
    return low;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return cycles;
}

const sourceFiles = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", ":(glob)packages/*/src/**"],
  {
    cwd: root,
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((file) => /\.tsx?$/.test(file));

const imports = sourceFiles.flatMap(importsOf);
const faults = imports.filter(({ from }) => from.startsWith(LIBRARY)).flatMap((each) => faultOf(each) ?? []);
const relativeImports = Map.groupBy(
  imports.filter(({ specifier }) => specifier.startsWith(".")),
  ({ from }) => from,
);
const importGraph = new Map([...relativeImports].map(([file, list]) => [file, list.map(targetOf)]));
for (const cycle of cyclesOf(importGraph)) {
  if (cycle.join() !== ALLOWED_CYCLE.join())
    faults.push(`These files import each other:\n  ${cycle.join("\n  ")}`);
}
for (const fault of new Set(faults)) console.error(fault);
console.log(`${sourceFiles.length} source files, ${imports.length} imports, ${new Set(faults).size} faults`);
if (faults.length > 0) process.exit(1);
