import type { NoticeListener } from "coatcheck/store/redis";
import type { FastifyBaseLogger } from "fastify";

/** Returns a listener that logs the notices of a database or a shared cache, such as a lost connection. */
export function logNotice(log: FastifyBaseLogger): NoticeListener {
  return ({ kind, message, cause }) => {
    if (kind === "recovered") log.info(message);
    else log[kind === "limited" ? "warn" : "error"]({ err: cause }, message);
  };
}
