import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readOrCreateSecrets } from "../src/secret-file.ts";
import { StartError } from "../src/start-error.ts";
import { temporaryFolder } from "./fixtures.ts";

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => rmSync(folder, { recursive: true }));

test("readOrCreateSecrets creates a secret once, in a file that only its owner can read", () => {
  const path = join(folder, "new/secrets");
  const [secret, ...more] = readOrCreateSecrets(path);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(more).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readOrCreateSecrets(path)).toEqual([secret]);
  expect(readdirSync(join(folder, "new"))).toEqual(["secrets"]);
});

test("readOrCreateSecrets reads one secret per line, newest first", () => {
  const path = join(folder, "secrets");
  writeFileSync(path, "the newer of the secrets\n\nthe older of the secrets\n");
  expect(readOrCreateSecrets(path)).toEqual(["the newer of the secrets", "the older of the secrets"]);
});

test.each(["\n", "too short\n"])(
  "readOrCreateSecrets rejects a file with %j and does not replace it",
  (content) => {
    const path = join(folder, "secrets");
    writeFileSync(path, content);
    expect(() => readOrCreateSecrets(path)).toThrow(StartError);
    expect(readFileSync(path, "utf8")).toBe(content);
  },
);

test("readOrCreateSecrets rejects a directory", () => {
  expect(() => readOrCreateSecrets(folder)).toThrow(new RegExp(`^Cannot read the secret file ${folder}: `));
});
