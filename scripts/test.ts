/**
 * `npm test`: installs the programs that tests need and compiles the packages, then runs the checks, the tests and the
 * package checks in parallel.
 *
 * Arguments are passed to Vitest: `npm test -- packages/coatcheck/test/session` runs only the tests of one folder.
 */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { installPrograms } from "./test-programs/install.ts";
import { TEST_PROGRAMS } from "./test-programs/programs.ts";

interface TestPart {
  readonly script: string;
  readonly seconds: number;
  readonly succeeded: boolean;
}

const startedAt = performance.now();
installPrograms(Object.values(TEST_PROGRAMS));

const filters = process.argv.slice(2);
const results = filters.length > 0 ? [await runScript("test:vitest", filters)] : await runEverything();

for (const { script, seconds, succeeded } of results) {
  console.log(`${succeeded ? "ok    " : "FAILED"} npm run ${script} (${seconds.toFixed(0)} s)`);
}
console.log(`npm test: ${secondsSince(startedAt).toFixed(0)} s`);
if (!results.every(({ succeeded }) => succeeded)) process.exitCode = 1;

async function runEverything(): Promise<readonly TestPart[]> {
  // The package checks and the tests of Next.js use the compiled packages at the same time.
  const build = await runScript("build");
  if (!build.succeeded) return [build];
  const parts = await Promise.all([
    runScript("test:vitest"),
    runScriptQuietly("check").then(async (check) => [check, await runScriptQuietly("check:packages")]),
  ]);
  return [build, ...parts.flat()];
}

/** Runs an npm script with its output on the terminal. */
async function runScript(script: string, args: readonly string[] = []): Promise<TestPart> {
  return await waitForExit(
    script,
    spawn("npm", ["run", "--silent", script, "--", ...args], { stdio: "inherit" }),
  );
}

/**
 * Runs an npm script in parallel with another script. Prints its output when it has ended, so that the outputs do not
 * mix.
 */
async function runScriptQuietly(script: string): Promise<TestPart> {
  const child = spawn("npm", ["run", "--silent", script], { stdio: ["ignore", "pipe", "pipe"] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const part = await waitForExit(script, child);
  const [out, errors] = await output;
  console.log(`$ npm run ${script}\n${out}${errors}`);
  return part;
}

async function waitForExit(script: string, child: ReturnType<typeof spawn>): Promise<TestPart> {
  const startedAt = performance.now();
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  return { script, seconds: secondsSince(startedAt), succeeded: code === 0 };
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
