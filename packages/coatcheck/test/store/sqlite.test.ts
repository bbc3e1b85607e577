import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { sqliteStore } from "../../src/store/sqlite.ts";
import { storeContract } from "../../src/testing/store-suite.ts";

function ownFolder(): string {
  return mkdtempSync(join(tmpdir(), "coatcheck-sqlite-"));
}

storeContract(
  { describe, it },
  {
    name: "sqlite, two handles on one file",
    open: () => {
      const folder = ownFolder();
      const path = join(folder, "sessions.db");
      return {
        store: sqliteStore(path),
        other: sqliteStore(path),
        cleanUp: () => rmSync(folder, { recursive: true }),
      };
    },
  },
);

storeContract(
  { describe, it },
  { name: "sqlite in memory", open: () => ({ store: sqliteStore(":memory:") }) },
);
