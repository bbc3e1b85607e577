import { UsageError } from "../session/usage-error.ts";

/** The options of `register` that Fastify itself reads. It passes them to the plugin too. */
const FASTIFY_OPTIONS = ["prefix", "logLevel", "logSerializers"];

/**
 * Returns the error for options of a plugin that were passed to `app.register(plugin, options)`, where they would be
 * ignored; undefined if there are none. The plugin must pass the error to `done`, because Fastify does not catch an
 * error that a plugin throws.
 *
 * @param call the call that takes the options, such as "coatcheck(manager, options)".
 * @param given the options that Fastify passed to the plugin.
 */
export function registerOptionsError(call: string, given: object): UsageError | undefined {
  const faults = Object.keys(given)
    .filter((name) => !FASTIFY_OPTIONS.includes(name))
    .map((path) => ({ path, message: `pass this option to ${call} instead` }));
  const [first] = faults;
  if (!first) return undefined;
  return new UsageError(`Invalid option "${first.path}" of app.register(): ${first.message}.`, faults);
}
