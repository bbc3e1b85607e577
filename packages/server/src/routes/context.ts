import type { Clock, SessionManager } from "coatcheck";
import type { Questions } from "coatcheck/visit/questions";
import type { Authenticator } from "../caller.ts";
import type { OwnedSessions } from "../ownership.ts";

/** The dependencies that every route shares. */
export interface RouteContext {
  readonly manager: SessionManager;
  readonly authenticator: Authenticator;
  readonly ownedSessions: OwnedSessions;
  readonly clock: Clock;
  /** Absent if no visits are collected, or only into files. */
  readonly questions?: Questions | null;
}
