import { CoatcheckError } from "coatcheck";

/**
 * A 404 for a path parameter that identifies nothing. The library has no error code for this case:
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
