/**
 * How long another process goes on serving a session that was revoked here, over PostgreSQL and Redis, at a rate of
 * revocations that only a bad day brings.
 *
 *   node --conditions=coatcheck-source bench/revocation.ts
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { Moments, Order, Revocations } from "./revocation-node.ts";
import { startServers } from "./servers/remote.ts";

const PER_SECOND = 1000;
const SECONDS = 10;

async function start(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = fork(new URL("revocation-node.ts", import.meta.url), {
    execArgv: ["--conditions=coatcheck-source", "--no-warnings"],
    env: { ...env, NODE_ENV: "production" },
  });
  await once(child, "message");
  return child;
}

async function ask<Answer>(child: ChildProcess, order: Order): Promise<Answer> {
  child.send(order);
  const [answer] = (await once(child, "message")) as [Answer];
  return answer;
}

function figures(values: readonly number[]): string {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(2);
  return `${at(0.5)} | ${at(0.99)} | ${at(1)}`;
}

/** The table's lines. */
export async function measureRevocation(): Promise<string[]> {
  const servers = await startServers();
  const children: ChildProcess[] = [];
  try {
    for (let count = 0; count < 2; count++) children.push(await start({ ...process.env, ...servers.env }));
    const [revoker, other] = children as [ChildProcess, ChildProcess];
    const ids = await ask<string[]>(revoker, { kind: "create", count: PER_SECOND * SECONDS });
    await ask(other, { kind: "watch", ids });
    const load = loadavg()[0] ?? 0;
    const { calledAt, resolvedAt } = await ask<Revocations>(revoker, {
      kind: "revoke",
      ids,
      perSecond: PER_SECOND,
    });
    await pause(2000);
    const refusedAt = await ask<Moments>(other, { kind: "report" });

    const since = (moments: Moments) =>
      ids.map((id) => Math.max(0, (refusedAt[id] ?? Number.POSITIVE_INFINITY) - (moments[id] ?? Number.NaN)));
    const commits = ids.map((id) => (resolvedAt[id] ?? Number.NaN) - (calledAt[id] ?? Number.NaN));
    const took = Math.max(...Object.values(calledAt)) - Math.min(...Object.values(calledAt));
    const rate = Math.round(((ids.length - 1) * 1000) / took);
    return [
      `Two processes over PostgreSQL and Redis, one revokes: ${ids.length.toLocaleString("en")} sessions, ${rate.toLocaleString("en")} a second (load average ${load.toFixed(1)}). Milliseconds.`,
      "",
      "| | p50 | p99 | worst |",
      "|---|---|---|---|",
      `| \`revoke()\` resolves, on disk | ${figures(commits)} |`,
      `| the other process refuses, after the call | ${figures(since(calledAt))} |`,
      `| the other process refuses, after \`revoke()\` has resolved | ${figures(since(resolvedAt))} |`,
    ];
  } finally {
    for (const child of children) child.kill();
    await servers.stop();
  }
}

if (import.meta.main) console.log((await measureRevocation()).join("\n"));
