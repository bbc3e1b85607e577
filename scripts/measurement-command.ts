/**
 * The command line of the measurement scripts. They print their results, and change tracked files only with `--write`.
 */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** The command-line definition of a measurement script. */
export interface MeasurementCommand {
  /** The command that runs the script, such as `npm run bench`. */
  readonly command: string;
  /** One sentence that describes the script, for `--help`. */
  readonly description: string;
  /** The tracked files that `--write` changes, as paths relative to the root. */
  readonly files: readonly string[];
  /** The optional positional argument. Default: none. */
  readonly argument?: { readonly name: string; readonly description: string };
  /** Options that require a value, such as `--sizes 1000`, by name. Default: none. */
  readonly options?: Readonly<Record<string, MeasurementOption>>;
  /** Environment variables and their descriptions, for `--help`. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** An option that requires a value. */
export interface MeasurementOption {
  readonly description: string;
  /** The value if the option is absent. */
  readonly default: string;
}

/** The parsed arguments of the command line. */
export interface MeasurementArguments {
  readonly isHelp: boolean;
  readonly writesFiles: boolean;
  /** The positional argument; null if absent. */
  readonly argument: string | null;
  /** The value of each option that requires a value, by name. */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Parses the command line.
 *
 * @throws TypeError for an unknown option or an unexpected argument.
 */
export function parseCommandLine(
  { argument, options = {} }: MeasurementCommand,
  args: readonly string[],
): MeasurementArguments {
  const config: ParseArgsOptionsConfig = {
    help: { type: "boolean", short: "h" },
    write: { type: "boolean" },
  };
  for (const [name, option] of Object.entries(options)) {
    config[name] = { type: "string", default: option.default };
  }
  const { values, positionals } = parseArgs({ args: [...args], options: config, allowPositionals: true });
  const unexpected = positionals[argument ? 1 : 0];
  if (unexpected !== undefined) throw new TypeError(`Unexpected argument '${unexpected}': remove it.`);
  return {
    isHelp: values.help === true,
    writesFiles: values.write === true,
    argument: positionals[0] ?? null,
    options: Object.fromEntries(Object.keys(options).map((name) => [name, String(values[name])])),
  };
}

/** Returns the text of `--help`. */
export function helpOf({
  command,
  description,
  files,
  argument,
  options,
  environment,
}: MeasurementCommand): string {
  const rows: [string, string][] = [
    ...(argument ? [[`[${argument.name}]`, argument.description] as [string, string]] : []),
    ...Object.entries(options ?? {}).map(([name, option]): [string, string] => [
      `--${name}`,
      `${option.description} Default: ${option.default}.`,
    ]),
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

/** Returns the last line of the output: which files were written, or how to write them. */
export function closingLine({ command, files }: MeasurementCommand, isWritten: boolean): string {
  const names = files.join(" and ");
  return isWritten ? `Wrote ${names}.` : `No file was changed. To write ${names}, run: ${command} -- --write`;
}
