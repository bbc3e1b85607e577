import { readFileSync, renameSync, writeFileSync } from "node:fs";

/**
 * Replaces a file atomically: a reader gets either the old or the new content, even if the process dies while writing.
 */
export function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.tmp`, JSON.stringify(value));
  renameSync(`${file}.tmp`, file);
}

/** Reads a JSON file that this program has written; null if the file does not exist. */
export function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
