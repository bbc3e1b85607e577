import { invalidInputError } from "../session/errors.ts";
import type { CheckedEvent } from "./define-events.ts";

/** Contains the definitions of trackable events, and validates their properties. `defineEvents` returns one. */
export interface EventCatalog {
  /**
   * Checks an event.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` with a path for an unknown name or invalid properties.
   */
  check(type: string, properties?: unknown): CheckedEvent;
}

/** Events that only Coatcheck creates, with the call that creates them. */
const CREATING_CALL_BY_EVENT: Readonly<Record<string, string>> = {
  page_view: "a page view is made by the server or a view beacon",
  page_time: "visible time is made by the page's script",
  login: "authenticate() makes it",
  order_completed: "convert() makes it",
};

/** Rejects the events that only Coatcheck creates. Throws `VALIDATION_FAILED`. */
export function requireTrackable(name: string): void {
  if (!Object.hasOwn(CREATING_CALL_BY_EVENT, name)) return;
  throw invalidInputError("event", [
    { path: "type", message: `must not be ${name}: ${CREATING_CALL_BY_EVENT[name]}` },
  ]);
}
