import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

const CLIENT_BUDGET = 4 * 1024;
const REACT_BUDGET = 2 * 1024;

/** Bytes that `source` costs a page, bundled, minified and gzipped; nanostores included, React not. */
async function weigh(source: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: {
      contents: source,
      resolveDir: fileURLToPath(new URL("../../src", import.meta.url)),
      loader: "ts",
    },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    external: ["react"],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

const CLIENT = `export { createSessionManager, SessionError } from "./client/index.ts";`;

it("keeps the client within 4 KB, nanostores included", async () => {
  const bytes = await weigh(CLIENT);
  console.log(`browser client: ${bytes} bytes gzipped`);
  expect(bytes).toBeLessThanOrEqual(CLIENT_BUDGET);
});

it("keeps the React hooks and components within 2 KB more", async () => {
  const bytes = (await weigh(`${CLIENT}\nexport * from "./react/index.ts";`)) - (await weigh(CLIENT));
  console.log(`React hooks: ${bytes} bytes gzipped beyond the client`);
  expect(bytes).toBeLessThanOrEqual(REACT_BUDGET);
});
