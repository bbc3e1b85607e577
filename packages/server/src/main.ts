import { Command } from "commander";
import { doctorCommand } from "./doctor/command.ts";
import { serveCommand } from "./serve.ts";
import { StartError } from "./start-error.ts";
import { sweepCommand } from "./sweep-command.ts";
import { VERSION } from "./version.ts";

/** Runs the command line: `coatcheck <command>`. Prints a {@link StartError} to stderr and sets exit code 1. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("coatcheck")
    .description(
      "Server-side sessions: run the service, delete ended sessions, or find out why a session cookie does not work.",
    )
    .version(VERSION)
    .addCommand(serveCommand())
    .addCommand(sweepCommand())
    .addCommand(doctorCommand());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const line of error.lines) console.error(`coatcheck: ${line}`);
    process.exitCode = 1;
  }
}
