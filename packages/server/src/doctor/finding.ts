/** `problem`: a session will not work, or leaks. `hint`: it may, for some. */
export type Level = "problem" | "hint";

/** One thing that is wrong, and what to do about it. It names cookies, never their values. */
export interface Finding {
  readonly level: Level;
  /** Stable, for programs: `secure-on-http`. */
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** Something that keeps a session from working. */
export function problem(code: string, message: string, advice: string): Finding {
  return { level: "problem", code, message, advice };
}

/** Something worth a look. */
export function hint(code: string, message: string, advice: string): Finding {
  return { level: "hint", code, message, advice };
}
