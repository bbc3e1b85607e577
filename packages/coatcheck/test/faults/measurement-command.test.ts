import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { root } from "../../../../scripts/documents.ts";
import {
  closingLine,
  helpOf,
  type MeasurementCommand,
  parseCommandLine,
} from "../../../../scripts/measurement-command.ts";

const command: MeasurementCommand = {
  command: "npm run measure",
  description: "Measures something.",
  files: ["README.md", "RESULTS.md"],
};
const withArgument = { ...command, argument: { name: "name", description: "Measure only this." } };

describe("the command line of a measurement", () => {
  test("writes nothing by default", () => {
    expect(parseCommandLine(command, [])).toEqual({
      isHelp: false,
      writesFiles: false,
      argument: null,
      options: {},
    });
  });

  test("reads options with a value, and returns the default values of missing options", () => {
    const options = { sizes: { description: "Numbers of sessions.", default: "10" } };
    const withOption = { ...command, options };
    expect(parseCommandLine(withOption, []).options).toEqual({ sizes: "10" });
    expect(parseCommandLine(withOption, ["--sizes", "20,30", "--write"])).toMatchObject({
      writesFiles: true,
      options: { sizes: "20,30" },
    });
    expect(helpOf(withOption)).toContain("--sizes  Numbers of sessions. Default: 10.");
    expect(() => parseCommandLine(command, ["--sizes", "20"])).toThrow(TypeError);
  });

  test("accepts --write, --help and the arguments that the command declares", () => {
    expect(parseCommandLine(command, ["--write"]).writesFiles).toBe(true);
    expect(parseCommandLine(command, ["--help"]).isHelp).toBe(true);
    expect(parseCommandLine(withArgument, ["Redis"]).argument).toBe("Redis");
  });

  test.each([["--wirte"], ["Redis"]])("rejects %s", (arg) => {
    expect(() => parseCommandLine(command, [arg])).toThrow(TypeError);
  });

  test("prints a help text with the files that the option --write changes", () => {
    expect(helpOf(withArgument)).toContain("Usage: npm run measure -- [options] [name]");
    expect(helpOf(command)).toContain("README.md and RESULTS.md");
  });

  test("prints a last line that names the files and the command that writes them", () => {
    expect(closingLine(command, false)).toBe(
      "No file was changed. To write README.md and RESULTS.md, run: npm run measure -- --write",
    );
    expect(closingLine(command, true)).toBe("Wrote README.md and RESULTS.md.");
  });
});

test("`npm run sizes` without --write leaves the README unchanged", async () => {
  const modifiedAt = async () => (await stat(join(root, "README.md"))).mtimeMs;
  const before = await modifiedAt();
  const args = ["--conditions=coatcheck-source", join(root, "scripts/sizes.ts")];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain("No file was changed. To write README.md, run: npm run sizes -- --write");
  expect(await modifiedAt()).toBe(before);
});
