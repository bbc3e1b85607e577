/** Measures the size of the session cookie and of the browser client. `npm run sizes` prints both for the README. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { SessionManager } from "coatcheck";
import { coatcheck } from "coatcheck/node";
import { memoryStore } from "coatcheck/store/memory";
import { build } from "esbuild";
import { TRACKER_SCRIPT } from "../packages/coatcheck/src/visit/tracker/script-text.ts";
import { root } from "./documents.ts";
import { closingLine, type MeasurementCommand, readCommandLine } from "./measurement-command.ts";

/** The measured sizes, in bytes. */
export interface Sizes {
  /** The session cookie's value. */
  readonly cookie: number;
  /** `coatcheck/client` with nanostores, bundled, minified and gzipped. */
  readonly client: number;
  /** The size that `coatcheck/react` adds, without React. */
  readonly react: number;
  /** The plain script of `coatcheck/tracker`, minified and gzipped. */
  readonly tracker: number;
}

const CLIENT_MODULE = `export { createSessionClient, SessionError } from "./client/index.ts";`;
const CLIENT_AND_REACT_MODULE = `${CLIENT_MODULE}\nexport * from "./react/index.ts";`;

/** Bytes of session data in the measurement: about as much as fits into one cookie. */
const SESSION_DATA_BYTES = 3800;

export async function measureSizes(): Promise<Sizes> {
  const client = await gzippedBundleSize(CLIENT_MODULE);
  const react = (await gzippedBundleSize(CLIENT_AND_REACT_MODULE)) - client;
  return { cookie: await cookieLength(), client, react, tracker: gzippedLength(TRACKER_SCRIPT) };
}

/** Returns the sentence in the README that quotes the sizes, with the marker comments around it. */
export function quoteOf({ cookie, client, react, tracker }: Sizes): string {
  return [
    "<!-- sizes -->",
    `A browser carries ${cookie} bytes of cookie, whatever its session stores. The client is ${kilobytes(client)} and the React hooks`,
    `${kilobytes(react)} more, minified and gzipped. The tracker of visits is ${kilobytes(tracker)}.`,
    "<!-- /sizes -->",
  ].join("\n");
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}

async function gzippedBundleSize(source: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: join(root, "packages/coatcheck/src"), loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    external: ["react"],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return gzippedLength(outputFiles[0]?.contents ?? "");
}

function gzippedLength(source: string | Uint8Array): number {
  return gzipSync(source, { level: 9 }).length;
}

/** Returns the length of the session cookie for a session with {@link SESSION_DATA_BYTES} bytes of data. */
async function cookieLength(): Promise<number> {
  const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret for the measurement"] });
  const withSession = coatcheck(manager);
  const server = createServer(
    withSession(async (request, response) => {
      const session = await request.session.load();
      await session.patch({ kept: "x".repeat(SESSION_DATA_BYTES) });
      response.end();
    }),
  ).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("The server has no port.");
    const { headers } = await fetch(`http://127.0.0.1:${address.port}/`);
    const value = /^__Host-sid=([^;]+);/.exec(headers.getSetCookie()[0] ?? "")?.[1];
    if (value === undefined) throw new TypeError("The server set no session cookie.");
    return value.length;
  } finally {
    server.close();
    await manager.close();
  }
}

const COMMAND: MeasurementCommand = {
  command: "npm run sizes",
  description:
    "Measures the session cookie and the gzipped browser client, and prints them as the README quotes them.",
  files: ["README.md"],
};

if (import.meta.main) {
  const { writesFiles } = readCommandLine(COMMAND);
  const quote = quoteOf(await measureSizes());
  console.log(quote);
  if (writesFiles) {
    const readme = join(root, "README.md");
    const text = readFileSync(readme, "utf8");
    writeFileSync(readme, text.replace(/<!-- sizes -->.*?<!-- \/sizes -->/s, quote));
  }
  console.log(`\n${closingLine(COMMAND, writesFiles)}`);
}
