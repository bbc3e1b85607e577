import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const bundles = new Map<string, Promise<string>>();

/** Bundles `pages/<page>.ts`. All sites of a test file share the bundle. */
export function bundlePage(page: string): Promise<string> {
  const built = bundles.get(page) ?? buildPage(page);
  bundles.set(page, built);
  return built;
}

async function buildPage(page: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${page}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["coatcheck-source"],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0]?.text ?? "";
}

export const HTML_HEADERS = { "content-type": "text/html; charset=utf-8" };

export const renderHtml = (body: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Shop</title><body>${body}</body></html>`;
