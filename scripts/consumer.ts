import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./documents.ts";

/** The fields of a package.json that the checks read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const TYPES_OF_NODE = "@types/node";

const COMPILER_OPTIONS = {
  target: "ES2024",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
};

const MODULE_RESOLUTIONS = [
  { moduleResolution: "nodenext", module: "nodenext" },
  { moduleResolution: "bundler", module: "preserve" },
];

/**
 * A project in a temporary folder, in which packed packages are installed. It contains only these packages and their
 * declared dependencies, so that an undeclared import fails. Dependencies are links into the workspace, so nothing is
 * downloaded.
 */
export class ConsumerProject {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    this.write("package.json", JSON.stringify({ private: true, type: "module" }));
    this.#link(TYPES_OF_NODE, root);
  }

  /** Unpacks a package as npm would, and links its dependencies. */
  install(tarball: string, manifest: Manifest, workspace: string): void {
    const target = join(this.#folder, "node_modules", manifest.name);
    mkdirSync(target);
    execFileSync("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
    this.linkPackages(Object.keys(manifest.dependencies ?? {}), workspace);
  }

  /** Links further packages from the workspace. */
  linkPackages(names: readonly string[], workspace: string): void {
    for (const name of names) this.#link(name, workspace);
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.#folder, file), text);
  }

  /** Writes a module that imports the path as a namespace and uses its exports. */
  writeImport(path: string): void {
    const code = `import * as module from "${path}";\n\nexport const names: string[] = Object.keys(module);\n`;
    this.write(`${path.replace(/\W/g, "-")}.ts`, code);
  }

  /**
   * Compiles all modules and the declarations that they import, once with Node's module resolution and once with a
   * bundler's. With `skipLibCheck`, the declarations are not checked.
   */
  compile(lib: readonly string[], { skipLibCheck = false } = {}): void {
    for (const resolution of MODULE_RESOLUTIONS) {
      this.write(
        "tsconfig.json",
        JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, ...resolution, lib, skipLibCheck } }),
      );
      this.run("tsc", "-p", ".");
    }
  }

  /** Loads every path in Node without any options, first with `require`, then with `import`. */
  load(paths: readonly string[]): void {
    this.write("load.cjs", paths.map((path) => `require("${path}");\n`).join(""));
    this.write("load.mjs", paths.map((path) => `await import("${path}");\n`).join(""));
    for (const file of ["load.cjs", "load.mjs"]) this.run(process.execPath, file);
  }

  run(command: string, ...args: string[]): void {
    execFileSync(command, args, { cwd: this.#folder, stdio: "inherit", env: plainEnvironment() });
  }

  #link(name: string, workspace: string): void {
    const target = join(this.#folder, "node_modules", name);
    if (existsSync(target)) return;
    const source = [workspace, root]
      .map((place) => join(place, "node_modules", name))
      .find((place) => existsSync(place));
    if (source === undefined)
      throw new Error(`The package ${name} is not installed in the workspace; run npm ci.`);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(source, target, "junction");
  }
}

/** Returns the environment without `NODE_OPTIONS`, because that would make Node load the workspace's sources. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  return environment;
}

export function manifestOf(workspace: string): Manifest {
  return JSON.parse(readFileSync(join(workspace, "package.json"), "utf8"));
}
