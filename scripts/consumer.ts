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

const RESOLUTIONS = [
  { moduleResolution: "nodenext", module: "nodenext" },
  { moduleResolution: "bundler", module: "preserve" },
];

/**
 * A project in a temporary folder that has installed packed packages. It contains only those and their declared
 * dependencies, so an undeclared import fails. Nothing is downloaded: dependencies are links into the workspace.
 */
export class Consumer {
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
    this.give(Object.keys(manifest.dependencies ?? {}), workspace);
  }

  /** Links further packages from the workspace. */
  give(names: readonly string[], workspace: string): void {
    for (const name of names) this.#link(name, workspace);
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.#folder, file), text);
  }

  /** Writes a module that imports the path and uses what it exports as a namespace. */
  use(path: string): void {
    const code = `import * as module from "${path}";\n\nexport const names: string[] = Object.keys(module);\n`;
    this.write(`${path.replace(/\W/g, "-")}.ts`, code);
  }

  /**
   * Compiles all modules and every declaration that they import, as Node and as a bundler resolve them. With
   * `skipLibCheck` it trusts the declarations.
   */
  compile(lib: readonly string[], { skipLibCheck = false } = {}): void {
    for (const resolution of RESOLUTIONS) {
      this.write(
        "tsconfig.json",
        JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, ...resolution, lib, skipLibCheck } }),
      );
      this.run("tsc", "-p", ".");
    }
  }

  /** Loads every path in plain Node: for CommonJS first, then for ES modules. */
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
    if (source === undefined) throw new Error(`The package ${name} is not installed in the workspace.`);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(source, target, "junction");
  }
}

/** The environment without `NODE_OPTIONS`, which would make Node load the workspace's sources. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  return environment;
}

export function manifestOf(workspace: string): Manifest {
  return JSON.parse(readFileSync(join(workspace, "package.json"), "utf8"));
}
