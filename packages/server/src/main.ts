import { Command } from "commander";
import { doctorCommand } from "./doctor/command.ts";
import { serveCommand } from "./serve.ts";
import { StartError } from "./start-error.ts";
import { VERSION } from "./version.ts";

/** The command line: `coatcheck <command>`. What keeps it from starting is said in a line each, with exit code 1. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("coatcheck")
    .description("Server-side sessions: the browser holds a claim ticket, the server keeps the coat.")
    .version(VERSION)
    .addCommand(serveCommand())
    .addCommand(doctorCommand());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const line of error.lines) console.error(`coatcheck: ${line}`);
    process.exitCode = 1;
  }
}
