import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { App } from "coatcheck-server";

/** The output of `vite build`. */
const PAGE = fileURLToPath(new URL("../page/dist", import.meta.url));
/** Files whose name contains a hash of their content, so that a changed file has another name. */
const HASHED = fileURLToPath(new URL("../page/dist/assets/", import.meta.url));
/** One year in seconds. */
const FOR_GOOD = "public, max-age=31536000, immutable";

/**
 * Serves the built page: compressed files where the build made them, hashed files with a cache lifetime of a year, and
 * every other file for revalidation. Without a build, the shop serves the API only.
 */
export async function servePage(app: App): Promise<void> {
  if (!existsSync(PAGE)) return;
  await app.register(fastifyStatic, {
    root: PAGE,
    preCompressed: true,
    setHeaders: (reply, path) => {
      if (path.startsWith(HASHED)) reply.header("cache-control", FOR_GOOD);
    },
  });
}
