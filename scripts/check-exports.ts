/**
 * Checks the documentation of the library's entry files: each begins with an `@module` comment that has an `@example`,
 * and everything that they export has a documentation comment where it is declared.
 */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "vite";
import { root } from "./documents.ts";

type ParsedModule = ReturnType<typeof parseSync>;
type Statement = ParsedModule["program"]["body"][number];

const LIBRARY_FOLDER = join(root, "packages", "coatcheck");
const parsedModules = new Map<string, ParsedModule & { readonly text: string }>();

function moduleAt(file: string) {
  let module = parsedModules.get(file);
  if (!module) {
    const text = readFileSync(file, "utf8");
    module = Object.assign(parseSync(file, text), { text });
    parsedModules.set(file, module);
  }
  return module;
}

/** Returns the names that a statement declares. */
function declaredNames(statement: Statement): string[] {
  const declaration = "declaration" in statement && statement.declaration ? statement.declaration : statement;
  if ("declarations" in declaration) {
    return declaration.declarations.flatMap(({ id }) => ("name" in id ? [id.name] : []));
  }
  return "id" in declaration && declaration.id && "name" in declaration.id ? [declaration.id.name] : [];
}

function hasComment(file: string, { start }: Statement): boolean {
  const { comments, text } = moduleAt(file);
  return comments.some(
    ({ type, value, end }) =>
      type === "Block" && value.startsWith("*") && text.slice(end, start).trim() === "",
  );
}

/** Returns the declarations of the export `name` that have no comment. `*` means all exports of the file. */
function undocumentedExports(file: string, name: string): string[] {
  return moduleAt(file).program.body.flatMap((statement) => {
    if (statement.type === "ExportAllDeclaration") {
      return statement.source.value.startsWith(".")
        ? undocumentedExports(targetOf(file, statement.source.value), name)
        : [];
    }
    if (statement.type === "ExportNamedDeclaration" && statement.source) {
      const { value } = statement.source;
      return statement.specifiers.flatMap(({ local, exported }) => {
        if (!("name" in local) || !("name" in exported) || !value.startsWith(".")) return [];
        return name === "*" || exported.name === name
          ? undocumentedExports(targetOf(file, value), local.name)
          : [];
      });
    }
    const isExported = statement.type.startsWith("Export");
    const names = declaredNames(statement).filter((each) => (name === "*" ? isExported : each === name));
    if (names.length === 0 || hasComment(file, statement)) return [];
    return names.map((each) => `${relative(root, file)}: ${each} has no documentation comment`);
  });
}

function targetOf(file: string, specifier: string): string {
  return join(dirname(file), specifier);
}

const libraryManifest = JSON.parse(readFileSync(join(LIBRARY_FOLDER, "package.json"), "utf8"));
const entryFiles = Object.values<{ "coatcheck-source"?: string }>(libraryManifest.exports).flatMap(
  (entry) => entry["coatcheck-source"] ?? [],
);

const faults = new Set<string>();
for (const entry of entryFiles) {
  const file = join(LIBRARY_FOLDER, entry);
  const header = moduleAt(file).text.match(/^\/\*\*.*?\*\//s)?.[0] ?? "";
  for (const tag of ["@module", "@example"]) {
    if (!header.includes(tag)) faults.add(`${relative(root, file)}: the first comment has no ${tag}`);
  }
  for (const fault of undocumentedExports(file, "*")) faults.add(fault);
}

for (const fault of faults) console.error(fault);
if (faults.size > 0) process.exit(1);
console.log(`ok   documentation of ${entryFiles.length} entry files`);
