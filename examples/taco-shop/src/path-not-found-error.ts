import { CoatcheckError } from "coatcheck";

/**
 * A 404 for a path parameter that identifies nothing. The closed set of error codes has none for it, and
 * `SESSION_NOT_FOUND` would make clients drop their session.
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
