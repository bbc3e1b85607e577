import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FOLDER, findSourceFiles } from "../src/build.ts";

const GENERATED_FILE = join(FOLDER, "next-env.d.ts");

test("the hash of a build covers no file that the build writes, so that the next process does not build again", () => {
  try {
    writeFileSync(GENERATED_FILE, "", { flag: "wx" });
    onTestFinished(() => rmSync(GENERATED_FILE));
  } catch {
    // An earlier build has written the file.
  }
  const sources = findSourceFiles().filter((file) => file.startsWith("examples/"));
  const gitArguments = ["ls-files", "--cached", "--others", "--exclude-standard", "--full-name", "."];
  const ownFiles = execFileSync("git", gitArguments, { cwd: FOLDER, encoding: "utf8" }).split("\n");
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.filter((file) => !ownFiles.includes(file))).toEqual([]);
});
