import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storeContract } from "../../../src/testing/store-suite.ts";
import { lmdbStore } from "./lmdb-store.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "coatcheck-lmdb-"));
});
afterAll(() => rm(folder, { recursive: true }));

storeContract(
  { describe, it },
  {
    name: "the LMDB store of docs/stores.md",
    open: () => {
      const path = join(folder, crypto.randomUUID());
      return { store: lmdbStore(path), other: lmdbStore(path) };
    },
  },
);

it("docs/stores.md contains the unchanged source of the LMDB store that these tests use", () => {
  const source = readFileSync(new URL("lmdb-store.ts", import.meta.url), "utf8").trim();
  const document = readFileSync(new URL("../../../../../docs/stores.md", import.meta.url), "utf8");
  expect(document).toContain(`\`\`\`ts\n${source}\n\`\`\``);
});
