import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { App } from "coatcheck-server";

/** The folder with the output of `vite build`. */
const PAGE_FOLDER = fileURLToPath(new URL("../page/dist", import.meta.url));
/** The folder of files whose name contains a hash of their content, so that a changed file has another name. */
const ASSETS_FOLDER = fileURLToPath(new URL("../page/dist/assets/", import.meta.url));
/** The `Cache-Control` header of files that never change. */
const CACHE_FOR_A_YEAR = "public, max-age=31536000, immutable";

/**
 * Serves the built page, with compressed files if the build created them. Browsers cache files with a hash in their
 * name for a year, and revalidate every other file. Without a build, the shop serves the API only.
 */
export async function servePage(app: App): Promise<void> {
  if (!existsSync(PAGE_FOLDER)) return;
  await app.register(fastifyStatic, {
    root: PAGE_FOLDER,
    preCompressed: true,
    setHeaders: (reply, path) => {
      if (path.startsWith(ASSETS_FOLDER)) reply.header("cache-control", CACHE_FOR_A_YEAR);
    },
  });
}
