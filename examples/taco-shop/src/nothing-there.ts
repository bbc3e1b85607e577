import { CoatcheckError } from "coatcheck";

/**
 * A part of the path names nothing: 404. There is no code of its own for that, and `SESSION_NOT_FOUND` would make
 * clients drop their session.
 */
export class NothingThere extends CoatcheckError {
  constructor(path: string) {
    super("VALIDATION_FAILED", "There is no such thing in this order.", {
      faults: [{ path, message: "names nothing here" }],
    });
  }

  override get status(): number {
    return 404;
  }
}
