import type { CacheSnapshot } from "../../src/cache/index.ts";

/** The result of checking one token. `unavailable` corresponds to a 503 response. */
export interface Probe {
  readonly outcome: "served" | "refused" | "unavailable";
  /** Start of the check, as {@link machineTime}. */
  readonly startedAt: number;
}

/** The commands of a node, with argument and result. */
export interface Commands {
  /** Creates `count` sessions. */
  create(count: number): { readonly id: string; readonly token: string }[];
  /** Resumes a session by its token. */
  probe(token: string): Probe;
  /** Revokes a session. Returns the time at which `revoke()` resolved, as {@link machineTime}. */
  revoke(id: string): number;
  /** Shifts the wall clock of the process by `offset` milliseconds from the machine's. */
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
