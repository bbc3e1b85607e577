import { type DestinationStream, type Logger, pino } from "pino";

/** Creates the log of the service. Default destination: the standard output. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  // Headers contain cookies, keys and tokens. Redact them in case code logs a whole request by mistake.
  const options = { level, redact: ["headers", "*.headers"] };
  return destination ? pino(options, destination) : pino(options);
}
