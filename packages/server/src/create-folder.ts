import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Creates the folder of a file. Throws if the folder cannot be created. */
export function createFolderOf(file: string): void {
  // With a relative path in a deleted working directory, `mkdirSync` never returns.
  mkdirSync(dirname(resolve(file)), { recursive: true });
}
