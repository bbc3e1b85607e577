import { type Coverage, LOG_GROWTH_CASES } from "./coverage.ts";

/** Sentences of the contract about single methods → the cases that test the sentence. */
export const METHOD_PROMISES: Readonly<Record<string, Coverage>> = {
  "Reads one session from the primary, never from a replica or a cache.": {
    "get() returns a position above all earlier log items and at or below all later ones": [
      "get returns cached records",
    ],
  },
  "Creates or replaces one record by compare-and-set: the stored version must be `expectedVersion`, and the stored record must be active.":
    {
      'put() returns "conflict" for another version, and changes nothing': [
        "put ignores the expected version",
      ],
      "put() does not update a revoked session": ["put revives a revoked session"],
    },
  "An update never creates a record, so a slow request cannot revive a session that was revoked or deleted.":
    {
      "put() does not update a swept session": ["put creates a session that it should update"],
    },
  "`lastSeenAt` becomes the later of the stored and the new value, because a touch may have been written since the record was read.":
    {
      "put() keeps a touch that was stored after its record was read": ["put moves lastSeenAt back"],
    },
  "Copies the record before it returns the promise, so the caller may change its object at once.": {
    "changing a record outside the store does not change the stored record": [
      "put copies the record a turn later",
    ],
  },
  "Records activity: `lastSeenAt` becomes the later of the stored and the new value.": {
    "touch() moves lastSeenAt forward only and keeps the version": [
      "touch overwrites lastSeenAt of any session",
    ],
    "touch() accepts many sessions in one call, and the same session twice": [
      "touch writes the last of two touches",
    ],
    "touch() postpones the idle timeout": ["touch does nothing"],
    "touch() and sweep() process all sessions, even if a store needs several steps for them": [
      "touch writes at most fifty sessions",
    ],
  },
  "Changes active rows only, keeps `version`, and ignores missing ids.": {
    "touch() does not change a revoked session": ["touch overwrites lastSeenAt of any session"],
    "touch() moves lastSeenAt forward only and keeps the version": ["touch increments the version"],
    "touch() ignores missing ids": ["touch creates missing sessions", "touch stops at a missing session"],
  },
  "Revokes active sessions permanently: sets `state` and `reason`, increments `version`, and appends one log item, in one atomic step.":
    {
      "revoke() of one session changes its state, reason and version only": [
        "revoke keeps the version",
        "revoke stores no reason",
      ],
      "changes() returns one item with its scope for a mass revocation": [
        "a mass revocation logs each session",
      ],
      "sessions that are created after a mass revocation are active": [
        "a mass revocation ends later sessions too",
      ],
      "a session that joins a tenant after the tenant's revocation stays active": [
        "a session that joins a revoked tenant is revoked",
      ],
      ...LOG_GROWTH_CASES,
    },
  "Changes no other field.": {
    "revoke() of one session changes its state, reason and version only": ["revoke changes lastSeenAt"],
  },
  "Resolves at commit.": {
    "get() returns a revoked record after the acknowledgement, on every handle": [
      "revoke resolves before the commit",
    ],
  },
  "The step also stores the time of the revocation, from a clock of the store or of the database.": {
    "sweep() keeps a revoked session until its revocation is old enough": [
      "sweep deletes revoked sessions at once",
      "sweep deletes revoked sessions at their timeout",
    ],
  },
  "`sweep` needs it; records do not contain it.": {
    "sweep() keeps a revoked session until its revocation is old enough": [
      "sweep deletes revoked sessions at once",
      "sweep deletes revoked sessions at their timeout",
    ],
  },
  "returns the number of active sessions that it revoked.": {
    "revoke() of revoked sessions returns 0 and changes nothing": ["revoke counts revoked sessions"],
    "revoke() of missing sessions returns 0": ["revoke counts missing sessions"],
  },
  "If it is 0 for one session or a subject, no log item is appended.": {
    "changes() does not return a rejected change of privilege": [
      "the log has an item for a missing session",
      "the log has an item for a subject without sessions",
    ],
  },
  "Appends one log item for a key, in one atomic step.": {
    "changes() returns one item with its key for an invalidation, whatever the key contains": [
      "invalidate logs a repeated key once",
    ],
    "changes() returns every invalidation that was acknowledged before the call": [
      "invalidate resolves before the commit",
    ],
  },
  "Changes no session.": {
    "changes() returns one item with its key for an invalidation, whatever the key contains": [
      "invalidate touches the sessions",
    ],
  },
  "Invalidates data of the application that the caches of every node keep beside the sessions.": {
    "changes() returns one item with its key for an invalidation, whatever the key contains": [
      "invalidate touches the sessions",
    ],
  },
  "param key any string of 1 to 512 characters.": {
    "invalidate() refuses a key that is empty, too long or not a string": ["invalidate accepts every key"],
  },
  "`changes` returns it unchanged, including lone surrogates and NUL.": {
    "changes() returns one item with its key for an invalidation, whatever the key contains": [
      "keys are stored as UTF-8",
    ],
  },
  "returns the position of the item, as `changes` will return it.": {
    "changes() returns one item with its key for an invalidation, whatever the key contains": [
      "invalidate returns the end of the log",
    ],
  },
  "Uses keyset paging, so inserts and deletes do not shift later pages.": {
    "list() continues at the right session if others were added and deleted between two pages": [
      "list pages by offset",
    ],
  },
  "Counts the sessions at `now`, epoch milliseconds.": {
    "stats() and list() include a session while touches and changes keep it alive": [
      "stats counts ended sessions as active",
    ],
  },
  "With up to a thousand sessions, every call waits for a new count.": {
    "stats() and list() include a session while touches and changes keep it alive": [
      "stats returns the first count again",
    ],
  },
  "For a null cursor it returns no items and the present end of the log.": {
    "changes(null) returns no items and the end of the log": [
      "changes(null) returns the log",
      "changes(null) returns a position past the end",
    ],
  },
  "Invariant: every revocation acknowledged before this call began is in this result or an earlier one.": {
    "changes() returns every revocation that was acknowledged before the call": [
      "changes omits the newest item",
    ],
    "changes() misses no revocation while others are in flight": [
      "changes returns the result of the previous call",
    ],
  },
  "Items may be repeated but never omitted, whatever order transactions commit in.": {
    "changes() misses no revocation while others are in flight": ["changes omits the newest item"],
  },
  "Deletes up to `limit` rows whose session ended before the time `before` (epoch milliseconds), and all log items appended before that time.":
    {
      "sweep() deletes only sessions that ended before the given time": [
        "sweep deletes sessions that ended up to an hour later",
        "sweep deletes sessions that ended exactly at the given time",
      ],
      "sweep() deletes no more sessions than the limit": ["sweep ignores the limit"],
      "touch() and sweep() process all sessions, even if a store needs several steps for them": [
        "sweep deletes at most fifty sessions",
      ],
      "sweep() deletes old log items, and positions keep growing": ["sweep keeps the log"],
    },
  "A revoked session ended when `revoke` was called.": {
    "sweep() keeps a revoked session until its revocation is old enough": [
      "sweep deletes revoked sessions at their timeout",
    ],
    "sweep() after a mass revocation deletes the revoked sessions and keeps newer ones": [
      "sweep deletes revoked sessions at their timeout",
    ],
    "sweep() keeps a session that has been touched": ["touch does nothing"],
  },
  "Any other session ended at the earlier of its two timeouts.": {
    "sweep() keeps a revoked session until its revocation is old enough": [
      "sweep deletes revoked sessions at their timeout",
    ],
    "sweep() after a mass revocation deletes the revoked sessions and keeps newer ones": [
      "sweep deletes revoked sessions at their timeout",
    ],
    "sweep() keeps a session that has been touched": ["touch does nothing"],
  },
  "Log positions keep growing even if the log was emptied.": {
    "sweep() deletes old log items, and positions keep growing": ["sweep restarts the positions"],
  },
  "Nodes may sweep concurrently: each row is counted by one caller only.": {
    "concurrent calls of sweep() count each row once": ["sweep counts before it deletes"],
  },
  "returns the number of deleted rows.": {
    "sweep() deletes no more sessions than the limit": ["sweep deletes nothing"],
  },
  "Finishes the accepted calls, then closes files and connections.": {
    "close() waits for the writes that were accepted before": ["close ends writes in flight"],
  },
  "Later calls throw `STORE_UNAVAILABLE`.": {
    "every call after close() rejects with STORE_UNAVAILABLE, and close() can be called again": [
      "close leaves the store open",
      "a closed store throws the driver's error",
    ],
  },
  "May be called more than once.": {
    "every call after close() rejects with STORE_UNAVAILABLE, and close() can be called again": [
      "close fails the second time",
    ],
  },
};
