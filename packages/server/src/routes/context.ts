import type { Clock, SessionManager } from "coatcheck";
import type { Questions } from "coatcheck/visit/questions";
import type { Authenticator } from "../caller.ts";
import type { OwnedSessions } from "../ownership.ts";

/** The dependencies of all routes. */
export interface RouteContext {
  readonly manager: SessionManager;
  readonly authenticator: Authenticator;
  readonly ownedSessions: OwnedSessions;
  readonly clock: Clock;
  /** Runs analytics queries on visits. Absent if visits are not collected, or only written to files. */
  readonly questions?: Questions | null;
}
