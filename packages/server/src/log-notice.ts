import type { NoticeListener } from "coatcheck/store/redis";
import type { FastifyBaseLogger } from "fastify";

/** Writes what a database or a shared cache reports about itself to the log. */
export function logNotice(log: FastifyBaseLogger): NoticeListener {
  return ({ kind, message, cause }) => {
    if (kind === "recovered") log.info(message);
    else log[kind === "limited" ? "warn" : "error"]({ err: cause }, message);
  };
}
