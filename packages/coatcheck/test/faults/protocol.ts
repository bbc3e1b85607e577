import type { CacheSnapshot } from "../../src/cache/index.ts";

/** What one check of a token came to: let in, turned away, or 503 because nobody could say. */
export interface Probe {
  readonly outcome: "served" | "refused" | "unavailable";
  /** When the check began, as {@link machineTime}. */
  readonly startedAt: number;
}

/** What a node of the harness can be asked. */
export interface Questions {
  /** Makes so many sessions. */
  create(count: number): { readonly id: string; readonly token: string }[];
  probe(token: string): Probe;
  /** Answers when `revoke()` has resolved, with that moment, as {@link machineTime}. */
  revoke(id: string): number;
  /** Sets the wall clock that the process reads, by so many milliseconds. */
  setClock(offset: number): null;
  metrics(): CacheSnapshot;
}

export type QuestionName = keyof Questions;
export type Argument<Name extends QuestionName> = Parameters<Questions[Name]>[0];
export type Answer<Name extends QuestionName> = ReturnType<Questions[Name]>;

/** What a node is started with. */
export interface NodeSettings {
  /** The UNIX socket to answer on, which no cut network reaches. */
  readonly socket: string;
  readonly postgres: string;
  readonly redis: string;
  readonly stalenessBound: number;
}

/** Milliseconds on the one monotonic clock that all processes of a machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
