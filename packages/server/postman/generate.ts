/**
 * Writes the Postman collection of the service: `npm run postman -w packages/server`. With `--check`, it fails if the
 * stored collection is not current.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { readConfig } from "../src/config.ts";
import { startService } from "../src/service.ts";
import { collectionOf } from "./collection.ts";
import type { OpenApiDocument } from "./openapi.ts";

/** Path of the stored collection. */
export const COLLECTION_FILE = fileURLToPath(new URL("coatcheck.postman_collection.json", import.meta.url));

/** Returns the collection as JSON text, generated from the OpenAPI document of a service with default settings. */
export async function collectionText(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-postman-"));
  const config = readConfig({ PORT: "0", DATABASE_URL: `sqlite:${join(folder, "coatcheck.db")}` });
  try {
    const service = await startService(config, pino({ level: "silent" }));
    const response = await fetch(`${service.url}/openapi.json`);
    const document = (await response.json()) as OpenApiDocument;
    await service.stop();
    return `${JSON.stringify(collectionOf(document), null, 2)}\n`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const text = await collectionText();
  if (!process.argv.includes("--check")) {
    writeFileSync(COLLECTION_FILE, text);
  } else if (text !== readFileSync(COLLECTION_FILE, "utf8")) {
    console.error(
      "The stored Postman collection differs from the API: run `npm run postman -w packages/server`.",
    );
    process.exitCode = 1;
  }
}
