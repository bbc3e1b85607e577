import { collationCoverage } from "./collation-mutants.ts";
import { type Coverage, LOG_GROWTH_CASES } from "./coverage.ts";

/** Sentences of the contract about types and about all methods → the cases that test the sentence. */
export const GENERAL_PROMISES: Readonly<Record<string, Coverage>> = {
  "A copy read at position `p` reflects every log item below `p`; it may not reflect items at `p` or above.":
    {
      ...LOG_GROWTH_CASES,
      "get() returns a position above all earlier log items and at or below all later ones": [
        "get returns position 0",
      ],
    },
  "Positions never decrease.": {
    "get() returns a position above all earlier log items and at or below all later ones": [
      "positions of get decrease",
    ],
    "changes() continues from the cursor of the last call": ["changes returns a lower cursor"],
  },
  "A store that cannot read both at the same moment must read the position first.": LOG_GROWTH_CASES,
  "A position that is newer than the record would hide a revocation.": LOG_GROWTH_CASES,
  "The sessions that a revocation ends: exactly one of `session`, `subject`, `tenant` and `everyone`.": {
    "revoke() of one session changes its state, reason and version only": ["revoke ends every session"],
    "revoke() of a subject ends all of its sessions, or all except one": [
      "revoke of a subject ends one session",
      "revoke ends every session",
    ],
    "revoke() of a tenant ends the sessions of that tenant only": ["revoke of a tenant ends other sessions"],
    "revoke() of everyone ends all sessions": ["revoke of everyone ends authenticated sessions"],
    "revoke() of a subject finds a session by its current subject": [
      "revoke finds a session by its first subject",
    ],
  },
  '`except` excludes one session, for "log out my other devices".': {
    "revoke() of a subject ends all of its sessions, or all except one": ["revoke ends the excepted session"],
    "changes() returns the id of the session that a revocation excepts": [
      "the log omits the excepted session of a revocation",
    ],
  },
  "An item for one session invalidates its cached copies with a version below `minVersion`.": {
    "changes() returns a revoked session with the least version that caches may serve": [
      "the log names the version before the revocation",
      "the log omits revocations of single sessions",
    ],
  },
  "An item for a scope invalidates every matching copy that was read at or before `position`.": {
    "changes() returns one item with its scope for a mass revocation": [
      "the log omits mass revocations",
      "a mass revocation logs each session",
    ],
    "get() returns a position above all earlier log items and at or below all later ones": [
      "get returns position 0",
    ],
  },
  "An item for a key invalidates cached copies of the application's own data under that key, and no session.":
    {
      "changes() returns one item with its key for an invalidation, whatever the key contains": [
        "the log omits invalidations of keys",
      ],
      "the log item of an invalidation lies between the positions read before and after the call": [
        "the log items of keys have a position that is too low",
      ],
    },
  "The position up to which the log has been read, never below the given cursor.": {
    "changes() continues from the cursor of the last call": [
      "changes returns the given cursor",
      "changes returns a lower cursor",
    ],
  },
  "0: no session with this id may exist.": {
    'put() returns "conflict" when the session to create exists, and keeps that session': [
      "put replaces a session that it should create",
    ],
    'put() returns "conflict" for another version, and changes nothing': ["put ignores the expected version"],
    "put() does not create a session under the id of a revoked one": [
      "put creates under the id of a revoked session",
    ],
    "put() does not update a revoked session": ["put revives a revoked session"],
  },
  "A higher number: the session must be active and have this version.": {
    'put() returns "conflict" when the session to create exists, and keeps that session': [
      "put replaces a session that it should create",
    ],
    'put() returns "conflict" for another version, and changes nothing': ["put ignores the expected version"],
    "put() does not create a session under the id of a revoked one": [
      "put creates under the id of a revoked session",
    ],
    "put() does not update a revoked session": ["put revives a revoked session"],
  },
  "`privilege` (a new secret, subject, tenant or elevation) also appends to the revocation log in the same atomic step, because caches on other nodes must stop serving the old copy.":
    {
      "changes() returns changes of privilege, and not changes of data": ["put logs nothing"],
      "get() during changes of privilege returns no older copy with a newer position": [
        "get reads the row a turn before the end of the log",
      ],
    },
  "The item's `minVersion` is the new version.": {
    "changes() returns changes of privilege, and not changes of data": [
      "the log names the version before the revocation",
    ],
  },
  "`data` appends nothing.": {
    "changes() returns changes of privilege, and not changes of data": ["put logs changes of data"],
  },
  "The most live sessions that the record's subject may have at `now` (epoch milliseconds), including this record.":
    {
      "the session limit counts the subject's live sessions, including the stored one": [
        "put ignores the session limit",
        "the session limit counts ended sessions",
        "the session limit counts the stored session twice",
      ],
    },
  "Checked in the same atomic step, so that two concurrent logins cannot both pass the check.": {
    "concurrent logins cannot exceed the session limit": ["the session limit is checked before the write"],
  },
  "If the version also conflicts, the result is `conflict`.": {
    'put() returns "conflict" before it checks the session limit': [
      "the session limit is reported before a conflict",
    ],
  },
  "`conflict`: the stored version was not the expected version.": {
    'put() returns "conflict" for another version, and changes nothing': ["put ignores the expected version"],
  },
  "`over-limit`: the subject has reached its session limit.": {
    "the session limit counts the subject's live sessions, including the stored one": [
      "put ignores the session limit",
    ],
  },
  "Every field that is present must match, and must have a value: `{ subject: undefined }` would select everyone's sessions.":
    {
      "list() returns the sessions that match every given filter": [
        "list ignores subject",
        "list ignores tenant",
        "list ignores visitorId",
        "list ignores parentId",
        "list ignores owner",
        "list ignores type",
        "list ignores state",
      ],
      "subjects, tenants and owners are not interpreted as patterns or code": [
        "list treats a subject as a pattern",
        "revoke treats a tenant as a pattern",
      ],
      "list() filters by the current value of a changed field": [
        "list filters by the first value of a field",
      ],
      "list() refuses undefined, empty and unknown filters, and a missing page": [
        "list ignores undefined filters",
      ],
    },
  "Selects sessions that are active now, and whose two timeouts both end later than this time, epoch milliseconds.":
    {
      "list() with liveAt omits sessions that a timeout or a revocation has ended": ["list ignores liveAt"],
      "list() and stats() reflect a mass revocation": ["liveAt selects revoked sessions"],
    },
  "Excludes revoked sessions, even for a time before their revocation.": {
    "list() with liveAt omits sessions that a timeout or a revocation has ended": [
      "liveAt selects revoked sessions",
    ],
    "list() merges the revoked sessions of every kind, newest first": ["liveAt selects revoked sessions"],
  },
  "The most sessions on the page, 1 to 1000.": {
    "list() rejects a limit that is not a whole number from 1 to 1000": ["list clamps the limit"],
  },
  "The `next` of the previous page; absent for the first page.": {
    "list() sorts newest first, then by id, for every page size": [
      "the last page has a cursor for a next page",
    ],
  },
  "A malformed cursor throws `VALIDATION_FAILED`.": {
    "list() rejects a malformed cursor": ["list restarts for a malformed cursor"],
  },
  "One page of sessions, newest first: by `createdAt`, then `id`, both descending.": {
    "list() sorts newest first, then by id, for every page size": [
      "list sorts oldest first",
      "list sorts by createdAt only",
    ],
  },
  "The cursor of the next page; null on the last page.": {
    "list() sorts newest first, then by id, for every page size": [
      "the last page has a cursor for a next page",
    ],
    "list() and stats() of an empty store return nothing": ["the last page has a cursor for a next page"],
  },
  "Counts of the stored sessions.": {
    "stats() counts stored, live and authenticated sessions": [
      "stats omits ended sessions",
      "stats counts ended sessions as active",
      "stats counts live sessions as authenticated",
    ],
  },
  "`total`: all rows.": {
    "stats() counts stored, live and authenticated sessions": [
      "stats omits ended sessions",
      "stats counts ended sessions as active",
      "stats counts live sessions as authenticated",
    ],
  },
  "`active`: live sessions.": {
    "stats() counts stored, live and authenticated sessions": [
      "stats omits ended sessions",
      "stats counts ended sessions as active",
      "stats counts live sessions as authenticated",
    ],
  },
  "`authenticated`: live sessions that are logged in.": {
    "stats() counts stored, live and authenticated sessions": [
      "stats omits ended sessions",
      "stats counts ended sessions as active",
      "stats counts live sessions as authenticated",
    ],
  },
  "When the oldest and the newest live session were created, epoch milliseconds; null without live sessions.":
    {
      "stats() counts stored, live and authenticated sessions": ["stats swaps oldest and newest"],
      "list() and stats() of an empty store return nothing": ["stats returns 0 for no oldest session"],
    },
  "The time of these counts, epoch milliseconds.": {
    "list() and stats() of an empty store return nothing": ["stats reports its own time"],
  },
  "`get` returns null; `put` with an expected version above 0 returns `conflict`.": {
    "get() returns null for a missing session": ["get returns a record for a missing session"],
    'put() returns "conflict" when the session to update is missing, and does not create it': [
      "put creates a session that it should update",
    ],
  },
  "`get` returns it, and the caller checks the timeouts, as it does for every copy.": {
    "get() returns an expired session, and put() updates it": ["get hides expired sessions"],
  },
  "`sweep` deletes it later.": {
    "sweep() deletes only sessions that ended before the given time": ["sweep deletes nothing"],
  },
  "**Revoked**: the row stays as a tombstone until `sweep` deletes it.": {
    "revoke() of one session changes its state, reason and version only": ["get hides revoked sessions"],
    "sweep() keeps a revoked session until its revocation is old enough": [
      "sweep deletes revoked sessions at once",
    ],
  },
  "It never becomes active again.": {
    "put() does not update a revoked session": ["put revives a revoked session"],
    "put() and touch() do not revive a session that a mass revocation ended": [
      "put revives a session that a mass revocation ended",
      "touch overwrites lastSeenAt of any session",
    ],
    "revoke() ends a session permanently despite concurrent writers": [
      "revoke gives up when the row has changed",
    ],
  },
  "**Malformed**: an id that `isSessionId` rejects is treated like a missing id, even if the database would match it, such as an id in upper case.":
    {
      "every method treats a malformed id as a missing one": [
        "ids are compared in lower case",
        "ids are compared without blanks",
        "ids are parsed like a uuid of PostgreSQL",
        "get throws for a malformed id",
      ],
    },
  "**Unchanged**: `get` and `list` return every field as `put` received it, including the order of names in JSON objects.":
    {
      "get() returns every field as it was stored": ["a field is lost"],
      "list() returns whole records": ["list leaves data out"],
      "put() replaces every field": ["put merges data"],
      "data with unusual names and strings is returned unchanged": ["names of data are sorted"],
      "large and deeply nested data is returned unchanged": ["long data is cut"],
    },
  "A caller cannot change the stored record through an object that it has passed in or received.": {
    "changing a record outside the store does not change the stored record": [
      "get returns the object that put received",
      "list returns the stored object",
    ],
  },
  "**Exact**: subjects, tenants, owners and visitor ids are equal only if all their characters are: case, accents, Unicode normalization and blanks are significant.":
    collationCoverage,
  "**Invalid**: `revoke` and `list` throw `VALIDATION_FAILED` for an undefined, empty or unknown field of a scope, filter or page, as `requireScope`, `requireFilter` and `readPageRequest` do; `invalidate` throws it for a key that `requireKey` rejects.":
    {
      "revoke() refuses a scope that is undefined, empty, ambiguous or unknown, and ends nothing": [
        "revoke accepts an undefined scope",
      ],
      "list() refuses undefined, empty and unknown filters, and a missing page": [
        "list ignores undefined filters",
        "list has a default page",
      ],
      "invalidate() refuses a key that is empty, too long or not a string": ["invalidate accepts every key"],
    },
  "**Concurrent**: calls are linearizable at the primary: they behave as if they ran one after the other.": {
    "put() loses no increment of sixty concurrent writers": ["put compares first and sets later"],
    "put() creates a session once when many callers create it concurrently": [
      "put compares first and sets later",
    ],
    "revoke() counts a session once when many callers revoke it concurrently": [
      "revoke counts before it revokes",
    ],
  },
};
