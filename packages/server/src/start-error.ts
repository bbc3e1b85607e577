/** Why the service cannot start, in words for whoever starts it. It ends the process with exit code 1. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly lines: readonly string[];

  constructor(lines: readonly string[], cause?: unknown) {
    super(lines.join("\n"), cause === undefined ? undefined : { cause });
    this.lines = lines;
  }
}
