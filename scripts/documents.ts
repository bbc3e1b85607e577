import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The READMEs and the guides, by path from the root. */
export const documents: readonly string[] = [
  "README.md",
  "packages/coatcheck/README.md",
  "packages/server/README.md",
  "examples/taco-shop/README.md",
  "examples/back-office/README.md",
  ...readdirSync(join(root, "docs")).map((name) => join("docs", name)),
].filter((name) => name.endsWith(".md"));

/**
 * The TypeScript blocks of all documents, each as a module. Its file name contains the document and the number of the
 * block.
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
