import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root folder of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The paths of the READMEs and guides, relative to the root. */
export const documents: readonly string[] = [
  "README.md",
  "packages/coatcheck/README.md",
  "packages/server/README.md",
  "examples/taco-shop/README.md",
  "examples/back-office/README.md",
  ...readdirSync(join(root, "docs")).map((name) => join("docs", name)),
].filter((name) => name.endsWith(".md"));

/**
 * Returns the TypeScript blocks of all documents as modules. The file name of a module contains the document and the
 * number of the block.
 */
export function typescriptBlocks(): readonly { readonly file: string; readonly code: string }[] {
  return documents.flatMap((document) => {
    const text = readFileSync(join(root, document), "utf8");
    return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code], index) => ({
      file: `${document.replace(/\W/g, "-")}-${index + 1}.ts`,
      code: `${code}\nexport {};\n`,
    }));
  });
}
