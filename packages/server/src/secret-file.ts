import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createFolderOf } from "./create-folder.ts";
import { MIN_SECRET_LENGTH } from "./secret-list.ts";
import { StartError } from "./start-error.ts";

/**
 * Reads secrets from a file, one per line. If the file is missing, creates it with one secret of 256 random bits,
 * readable by its owner only. Processes that start at the same time use the same secret: the file of the first process
 * is kept.
 *
 * @throws StartError if the file cannot be created or read, is empty, or contains a secret that is too short.
 */
export function readOrCreateSecrets(path: string): readonly string[] {
  try {
    return readSecrets(path);
  } catch (error) {
    if (!isMissing(error)) throw unreadableFileError(path, error);
  }
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    createFolderOf(path);
    writeFileSync(draft, `${randomBytes(32).toString("base64url")}\n`, {
      mode: 0o600,
      flag: "wx",
      flush: true,
    });
    chmodSync(draft, 0o600);
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    return readSecrets(path);
  } catch (error) {
    throw unreadableFileError(path, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function readSecrets(path: string): readonly string[] {
  const secrets = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (secrets.length === 0) throw new Error("the file is empty");
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    throw new Error(`a line has fewer than ${MIN_SECRET_LENGTH} characters`);
  }
  return secrets;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function unreadableFileError(path: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError([`Cannot read the secret file ${path}: ${reason}.`], error);
}
