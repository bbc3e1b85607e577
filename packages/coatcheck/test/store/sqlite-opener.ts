/** A process of its own for the tests: opens the file it is given, and prints what it was told instead. */
import { CoatcheckError } from "../../src/session/errors.ts";
import { sqliteStore } from "../../src/store/sqlite.ts";

try {
  await sqliteStore(process.argv[2] ?? "").close();
  process.stdout.write("opened");
} catch (error) {
  process.stdout.write(error instanceof CoatcheckError ? `${error.code}: ${error.message}` : String(error));
}
