/**
 * Measures how long other processes still accept a revoked session, on PostgreSQL with and without Redis, while many
 * sessions are revoked per second. Prints its section of the report:
 *
 *   node --conditions=coatcheck-source bench/revocation.ts
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { Command, Revocations, Timestamps } from "./revocation-node.ts";
import { startServers } from "./servers/remote.ts";

const REVOCATION_SECONDS = 10;

/**
 * The measured cases: the service through which nodes notify each other of changed sessions, and the revocations per
 * second.
 */
const REVOCATION_CASES = [
  { name: "Redis", hasRedis: true, perSecond: 1000 },
  { name: "PostgreSQL's `NOTIFY`", hasRedis: false, perSecond: 100 },
  { name: "PostgreSQL's `NOTIFY`", hasRedis: false, perSecond: 1000 },
] as const;

async function startNode(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = fork(new URL("revocation-node.ts", import.meta.url), {
    execArgv: ["--conditions=coatcheck-source", "--no-warnings"],
    env: { ...env, NODE_ENV: "production" },
  });
  await once(child, "message");
  return child;
}

async function sendCommand<Result>(child: ChildProcess, command: Command): Promise<Result> {
  child.send(command);
  const [result] = (await once(child, "message")) as [Result];
  return result;
}

/** p50, p99 and maximum as table cells. */
function percentileCells(values: readonly number[]): string {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(2);
  return `${at(0.5)} | ${at(0.99)} | ${at(1)}`;
}

/** Measures one case. Returns three table rows. */
async function measureCase({
  name,
  hasRedis,
  perSecond,
}: (typeof REVOCATION_CASES)[number]): Promise<string[]> {
  const servers = await startServers();
  const children: ChildProcess[] = [];
  try {
    const env = { ...process.env, ...servers.env, ...(hasRedis ? {} : { REDIS_URL: "" }) };
    for (let count = 0; count < 2; count++) children.push(await startNode(env));
    const [revoker, other] = children as [ChildProcess, ChildProcess];
    const ids = await sendCommand<string[]>(revoker, {
      kind: "create",
      count: perSecond * REVOCATION_SECONDS,
    });
    await sendCommand(other, { kind: "watch", ids });
    const { calledAt, resolvedAt } = await sendCommand<Revocations>(revoker, {
      kind: "revoke",
      ids,
      perSecond,
    });
    await pause(2000);
    const refusedAt = await sendCommand<Timestamps>(other, { kind: "report" });

    const since = (moments: Timestamps) =>
      ids.map((id) => Math.max(0, (refusedAt[id] ?? Number.POSITIVE_INFINITY) - (moments[id] ?? Number.NaN)));
    const commits = ids.map((id) => (resolvedAt[id] ?? Number.NaN) - (calledAt[id] ?? Number.NaN));
    const took = Math.max(...Object.values(calledAt)) - Math.min(...Object.values(calledAt));
    const rate = Math.round(((ids.length - 1) * 1000) / took).toLocaleString("en");
    return [
      `| ${name} | ${rate} | \`revoke()\` resolves, durable | ${percentileCells(commits)} |`,
      `| | | the other process refuses, from the call | ${percentileCells(since(calledAt))} |`,
      `| | | the other process refuses, from when \`revoke()\` resolved | ${percentileCells(since(resolvedAt))} |`,
    ];
  } finally {
    for (const child of children) child.kill();
    await servers.stop();
  }
}

/** Measures every case. Returns the lines of the report's section. */
export async function measureRevocation(): Promise<string[]> {
  const load = loadavg()[0] ?? 0;
  const rows: string[] = [];
  for (const each of REVOCATION_CASES) rows.push(...(await measureCase(each)));
  return [
    `Two processes on PostgreSQL; one of them revokes sessions for ${REVOCATION_SECONDS} seconds. Times in milliseconds. The load average was ${load.toFixed(1)}.`,
    "",
    "| hints through | revocations/s | measured time | p50 | p99 | worst |",
    "|---|---|---|---|---|---|",
    ...rows,
  ];
}

if (import.meta.main) console.log((await measureRevocation()).join("\n"));
