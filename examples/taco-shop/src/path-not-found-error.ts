import { CoatcheckError } from "coatcheck";

/**
 * The error for a path parameter that identifies nothing, with the status 404. The library has no error code for this
 * case. `SESSION_NOT_FOUND` would make clients drop their session.
 */
export class PathNotFoundError extends CoatcheckError {
  constructor(path: string) {
    super("VALIDATION_FAILED", `Not found: no resource matches "${path}" in the path.`, {
      faults: [{ path, message: "does not exist" }],
    });
    this.status = 404;
    this.statusCode = 404;
  }
}
