/** The cases of the suite that test one sentence of the contract, by title. Each has the names of the mutants that it must
 * catch. */
export type Coverage = Readonly<Record<string, readonly string[]>>;

/** The cases that read a session while the log grows. */
export const LOG_GROWTH_CASES: Coverage = {
  "get() during a revocation of one session returns no older copy with a newer position": [
    "get reads the row a microtask before the end of the log",
    "get reads the row a turn before the end of the log",
    "the log item is visible before the revoked row",
  ],
  "get() during a revocation of a subject returns no older copy with a newer position": [
    "get reads the row a microtask before the end of the log",
    "get reads the row a turn before the end of the log",
    "the log item is visible before the revoked row",
  ],
  "get() during a revocation of a tenant returns no older copy with a newer position": [
    "get reads the row a microtask before the end of the log",
    "get reads the row a turn before the end of the log",
    "the log item is visible before the revoked row",
  ],
  "get() during a revocation of everyone returns no older copy with a newer position": [
    "get reads the row a microtask before the end of the log",
    "get reads the row a turn before the end of the log",
    "the log item is visible before the revoked row",
  ],
  "get() during changes of privilege returns no older copy with a newer position": [
    "get reads the row a turn before the end of the log",
  ],
};
