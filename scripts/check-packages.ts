/**
 * Builds and packs the published packages, and checks them with publint and attw. Then installs them in temporary
 * projects, as users do, and checks that every import path and every example of the documents compiles and loads.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConsumerProject, type Manifest, manifestOf } from "./consumer.ts";
import { root, typescriptBlocks } from "./documents.ts";

/** The import paths whose types require the DOM types. They must load in Node too, because servers render pages. */
const PATHS_THAT_NEED_DOM = ["coatcheck/client", "coatcheck/tracker"];

/** The import paths that require an optional peer dependency. All other paths must load without peer dependencies. */
const PATHS_THAT_NEED_PEERS = [
  "coatcheck/context/sqids",
  "coatcheck/device",
  "coatcheck/fastify",
  "coatcheck/gateway",
  "coatcheck/hono",
  "coatcheck/jwt",
  "coatcheck/next",
  "coatcheck/react",
  "coatcheck/react/next",
  "coatcheck/routes/fastify",
  "coatcheck/routes/hono",
  "coatcheck/routes/next",
  "coatcheck/testing/simulator",
  "coatcheck/visit",
];

/** The import paths that import the type declarations of Next.js, which compile only with `skipLibCheck`. */
const PATHS_THAT_NEED_NEXTJS = ["coatcheck/next", "coatcheck/react/next", "coatcheck/routes/next"];

const NODE_LIBS = ["ES2024"];
const BROWSER_LIBS = [...NODE_LIBS, "DOM", "DOM.Iterable"];

const folder = mkdtempSync(join(tmpdir(), "coatcheck-pack-"));

interface PackedPackage {
  readonly workspace: string;
  readonly manifest: Manifest;
  readonly tarball: string;
  readonly paths: readonly string[];
}

function runCommand(command: string, ...args: string[]): void {
  console.log(`$ ${command} ${args.map((arg) => arg.replace(folder, "…")).join(" ")}`);
  execFileSync(command, args, { cwd: root, stdio: "inherit" });
}

function packPackage(directory: string): PackedPackage {
  const workspace = join(root, "packages", directory);
  const manifest = manifestOf(workspace);
  const { name, version } = manifest;
  runCommand("npm", "pack", "--silent", "-w", name, "--pack-destination", folder);
  const paths = Object.keys(manifest.exports).filter((path) => !path.endsWith(".json"));
  return {
    workspace,
    manifest,
    tarball: join(folder, `${name}-${version}.tgz`),
    paths: paths.map((path) => name + path.slice(1)),
  };
}

/** Creates a project in which `packages` are installed, and checks that every import path compiles and loads in it. */
function checkInProject(
  title: string,
  packages: readonly PackedPackage[],
  paths: readonly string[],
): ConsumerProject {
  console.log(`$ # ${title}: ${paths.length} import paths`);
  const consumer = new ConsumerProject(join(folder, title));
  for (const { tarball, manifest, workspace } of packages) consumer.install(tarball, manifest, workspace);
  for (const path of paths) consumer.writeImport(path);
  return consumer;
}

try {
  runCommand("npm", "run", "build", "--silent");
  const library = packPackage("coatcheck");
  const service = packPackage("server");
  for (const { tarball } of [library, service]) {
    runCommand("publint", "run", tarball, "--strict");
    runCommand("attw", tarball, "--profile", "esm-only", "--format", "table-flipped");
  }

  const plain = library.paths.filter((path) => !PATHS_THAT_NEED_PEERS.includes(path));
  const alone = checkInProject(
    "the library alone",
    [library],
    plain.filter((path) => !PATHS_THAT_NEED_DOM.includes(path)),
  );
  alone.compile(NODE_LIBS);
  alone.load(plain);

  const served = checkInProject("the service", [library, service], service.paths);
  served.compile(NODE_LIBS);
  served.load(service.paths);
  served.run(process.execPath, "node_modules/coatcheck-server/bin/coatcheck.js", "--version");

  const checked = library.paths.filter((path) => !PATHS_THAT_NEED_NEXTJS.includes(path));
  const application = checkInProject("an application", [library], checked);
  const { peerDependencies, devDependencies } = library.manifest;
  application.linkPackages(Object.keys({ ...peerDependencies, ...devDependencies }), library.workspace);
  application.compile(BROWSER_LIBS);
  for (const path of PATHS_THAT_NEED_NEXTJS) application.writeImport(path);
  application.load(library.paths);
  // The examples in the documents import other packages. Do not check the declarations of those packages.
  for (const { file, code } of typescriptBlocks()) application.write(file, code);
  application.compile(BROWSER_LIBS, { skipLibCheck: true });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
