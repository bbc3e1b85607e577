import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Replaces a file in one step: whoever reads it sees the old or the new, whatever dies in between. */
export function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.tmp`, JSON.stringify(value));
  renameSync(`${file}.tmp`, file);
}

/** The value in a file, as the code that wrote it knows it; null when there is no such file. */
export function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
