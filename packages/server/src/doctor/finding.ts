/** `problem`: sessions do not work or are not secure. `hint`: this may happen in some browsers or situations. */
export type Level = "problem" | "hint";

/** One fault and the advice for fixing it. Contains names of cookies, never their values. */
export interface Finding {
  readonly level: Level;
  /** A stable identifier for programs, such as `secure-on-http`. */
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** Creates a finding with the level `problem`. */
export function problem(code: string, message: string, advice: string): Finding {
  return { level: "problem", code, message, advice };
}

/** Creates a finding with the level `hint`. */
export function hint(code: string, message: string, advice: string): Finding {
  return { level: "hint", code, message, advice };
}
