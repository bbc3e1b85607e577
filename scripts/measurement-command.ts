/** The command line of the measurements, which print their results and change tracked files only with `--write`. */
import { parseArgs } from "node:util";

/** A measurement as its command line describes it. */
export interface MeasurementCommand {
  /** How to run it, such as `npm run bench`. */
  readonly command: string;
  /** One sentence for `--help`. */
  readonly description: string;
  /** The tracked files that `--write` changes, by path from the root. */
  readonly files: readonly string[];
  /** The optional positional argument. Default: none. */
  readonly argument?: { readonly name: string; readonly description: string };
  /** Environment variables with their descriptions, for `--help`. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The arguments of a measurement, parsed. */
export interface MeasurementArguments {
  readonly isHelp: boolean;
  readonly isWrite: boolean;
  /** The positional argument; null if absent. */
  readonly argument: string | null;
}

/**
 * Parses the command line.
 *
 * @throws TypeError for an unknown option, or for an argument that the command does not take.
 */
export function parseCommandLine(
  { argument }: MeasurementCommand,
  args: readonly string[],
): MeasurementArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { help: { type: "boolean", short: "h" }, write: { type: "boolean" } },
    allowPositionals: true,
  });
  const unexpected = positionals[argument ? 1 : 0];
  if (unexpected !== undefined) throw new TypeError(`Unexpected argument '${unexpected}'.`);
  return {
    isHelp: values.help ?? false,
    isWrite: values.write ?? false,
    argument: positionals[0] ?? null,
  };
}

/** The text of `--help`. */
export function helpOf({ command, description, files, argument, environment }: MeasurementCommand): string {
  const rows: [string, string][] = [
    ...(argument ? [[`[${argument.name}]`, argument.description] as [string, string]] : []),
    ["--write", `Also write the results to ${files.join(" and ")}.`],
    ["--help", "Print this text."],
    ...Object.entries(environment ?? {}),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `Usage: ${command} -- [options]${argument ? ` [${argument.name}]` : ""}`,
    "",
    description,
    "",
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
  ].join("\n");
}

/** Parses this process's arguments. Ends the process after printing the help or an error message. */
export function readCommandLine(command: MeasurementCommand): MeasurementArguments {
  try {
    const request = parseCommandLine(command, process.argv.slice(2));
    if (!request.isHelp) return request;
    console.log(helpOf(command));
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\nRun ${command.command} -- --help for usage.`);
    process.exit(2);
  }
}

/** The last line of the output: which files were written, or how to write them. */
export function closingLine({ command, files }: MeasurementCommand, isWritten: boolean): string {
  const names = files.join(" and ");
  return isWritten ? `Wrote ${names}.` : `No file was changed. To write ${names}, run: ${command} -- --write`;
}
