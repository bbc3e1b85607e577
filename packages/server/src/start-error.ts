/** The reason why a command cannot run. The process prints `lines` for the operator and exits with code 1. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly lines: readonly string[];

  constructor(lines: readonly string[], cause?: unknown) {
    super(lines.join("\n"), cause === undefined ? undefined : { cause });
    this.lines = lines;
  }
}
