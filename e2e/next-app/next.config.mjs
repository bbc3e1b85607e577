import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The nearest folder with the installed packages. The tests build a copy of this application elsewhere. */
function findRoot(folder = import.meta.dirname) {
  return existsSync(join(folder, "package-lock.json")) ? folder : findRoot(dirname(folder));
}

/** @type {import("next").NextConfig} */
export default {
  ...(process.env.FIXTURE_CACHE_COMPONENTS === "1" && { cacheComponents: true, partialPrefetching: true }),
  experimental: {
    authInterrupts: true,
    turbopackSourceMaps: false,
    turbopackMinify: process.env.FIXTURE_MINIFY !== "0",
  },
  outputFileTracingRoot: findRoot(),
  turbopack: { root: findRoot() },
  // The repository's checks compile these files.
  typescript: { ignoreBuildErrors: true },
};
