import { ownerOfActor } from "../../session/actor.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Session } from "../../session/session.ts";
import type { Device } from "../../wire.ts";

/** The size of one page of the store. A longer list would not help a user. */
const MAX_DEVICES = 1000;

/**
 * Lists the devices where a subject is logged in, newest first. Includes the sessions in which the subject impersonates
 * others. Omits the children of other sessions, and the sessions in which others impersonate the subject.
 */
export async function devicesOf<Data>(
  manager: SessionManager<Data>,
  subject: string,
  current: Session<Data>,
  now: number,
): Promise<readonly Device[]> {
  const filter = { subject, state: "active", liveAt: now } as const;
  const { records } = await manager.list(filter, { limit: MAX_DEVICES });
  const own = records.filter(({ parentId, actor }) => parentId === null && actor === null);
  const acting = await manager.list(
    { owner: ownerOfActor(subject), state: "active", liveAt: now },
    { limit: MAX_DEVICES },
  );
  return [...own, ...acting.records.filter(({ actor }) => actor?.subject === subject)]
    .sort((left, right) => right.createdAt - left.createdAt)
    .map((record) => {
      const isCurrent = record.id === current.id;
      return toDevice(record, isCurrent, (isCurrent && current.lastSeenAt) || record.lastSeenAt);
    });
}

function toDevice(
  { id, subject, actor, client, createdAt }: SessionRecord,
  isCurrent: boolean,
  lastSeenAt: number,
): Device {
  return {
    id,
    current: isCurrent,
    ...(actor && subject !== null && { impersonates: subject }),
    browser: client?.browser ?? null,
    os: client?.os ?? null,
    device: client?.device ?? null,
    userAgent: client?.userAgent ?? null,
    address: client?.address ?? null,
    city: client?.city ?? null,
    country: client?.country ?? null,
    firstSeenAt: new Date(createdAt).toISOString(),
    lastSeenAt: new Date(lastSeenAt).toISOString(),
  };
}
