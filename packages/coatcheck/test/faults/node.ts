/** The program of a node. It has a session manager with caches, uses PostgreSQL and Redis, and is controlled over a UNIX
 * socket. */
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { createCache, redisShared } from "../../src/cache/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { postgresStore } from "../../src/store/postgres/store.ts";
import { connectRedis } from "../../src/store/redis/store.ts";
import {
  type CommandArgument,
  type CommandName,
  type CommandResult,
  machineTime,
  type NodeSettings,
} from "./protocol.ts";

type CommandHandlers = {
  readonly [Name in CommandName]: (
    argument: CommandArgument<Name>,
  ) => CommandResult<Name> | Promise<CommandResult<Name>>;
};

const settings: NodeSettings = JSON.parse(process.argv[2] ?? "");
// The standard input closes when the parent process exits. This process exits then, too.
process.stdin.on("close", () => process.exit()).resume();

let clockOffset = 0;
const clock = { now: () => Date.now() + clockOffset };
const store = await postgresStore({ connectionString: settings.postgres, clock });
const cache = createCache({
  store,
  shared: redisShared(await connectRedis(settings.redis)),
  maxStaleness: settings.maxStaleness,
  clock,
});
const manager = new SessionManager({
  store,
  cache,
  secrets: ["one secret for every node of the harness"],
  policy: { idleTimeout: 24 * 3_600_000 },
  clock,
});

const commandHandlers: CommandHandlers = {
  async create(count) {
    const sessions = [];
    while (sessions.length < count) {
      const { record, token } = await manager.create({ subject: "user-1" });
      sessions.push({ id: record.id, token });
    }
    return sessions;
  },
  async probe(token) {
    const startedAt = machineTime();
    try {
      const session = await manager.resume(token);
      return { outcome: session instanceof Session ? "served" : "refused", startedAt };
    } catch {
      return { outcome: "unavailable", startedAt };
    }
  },
  async revoke(id) {
    await manager.revoke({ session: id });
    return machineTime();
  },
  setClock(offset) {
    clockOffset = offset;
    return null;
  },
  metrics: () => cache.metrics(),
};

createServer((socket) => {
  createInterface(socket).on("line", async (line) => {
    const { number, name, argument } = JSON.parse(line);
    try {
      const result = await execute(name, argument);
      socket.write(`${JSON.stringify({ number, result })}\n`);
    } catch (error) {
      socket.write(`${JSON.stringify({ number, error: String(error) })}\n`);
    }
  });
}).listen(settings.socket, () => console.log("ready"));

function execute<Name extends CommandName>(name: Name, argument: CommandArgument<Name>) {
  return commandHandlers[name](argument);
}
