import type { CacheSnapshot } from "../../src/cache/index.ts";

/** The result of checking one token. `unavailable` corresponds to a 503 response. */
export interface Probe {
  readonly outcome: "served" | "refused" | "unavailable";
  /** The {@link machineTime} at which the check started. */
  readonly startedAt: number;
}

/** The commands that a node accepts: their names, arguments and results. */
export interface Commands {
  /** Creates `count` sessions. */
  create(count: number): { readonly id: string; readonly token: string }[];
  /** Resumes a session by its token. */
  probe(token: string): Probe;
  /** Revokes a session. Returns the {@link machineTime} at which `revoke()` resolved. */
  revoke(id: string): number;
  /** Sets the wall clock of the process to the machine's clock plus `offset` milliseconds. */
  setClock(offset: number): null;
  metrics(): CacheSnapshot;
}

export type CommandName = keyof Commands;
export type CommandArgument<Name extends CommandName> = Parameters<Commands[Name]>[0];
export type CommandResult<Name extends CommandName> = ReturnType<Commands[Name]>;

/** The settings of a node. */
export interface NodeSettings {
  /** Path of the UNIX socket for commands, which network faults do not affect. */
  readonly socket: string;
  readonly postgres: string;
  readonly redis: string;
  readonly maxStaleness: number;
}

/** The current time on the monotonic clock that all processes of this machine share, in milliseconds. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
