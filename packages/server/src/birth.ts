import { AsyncLocalStorage } from "node:async_hooks";
import type { CreateOptions } from "coatcheck";

const births = new AsyncLocalStorage<CreateOptions>();

/** Runs `task`; a session that begins within it says this of its holder. */
export function bornAs<Result>(birth: CreateOptions, task: () => Result): Result {
  return births.run(birth, task);
}

/** What the session that begins now says of its holder: the `birth` of the HTTP options. */
export function presentBirth(): CreateOptions {
  return births.getStore() ?? {};
}
