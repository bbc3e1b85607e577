import { writeFile } from "node:fs/promises";
import { run } from "../servers/machine.ts";

/** Set in the process that has a network of its own. */
const INSIDE = "COATCHECK_FAULTS_NETWORK";

/** Whether this process's network is its own, to cut as it likes. */
export const isInside: boolean = process.env[INSIDE] === "1";

/**
 * Starts this program anew, as the same process, with a network and mounts of its own. Namespaces, addresses and
 * packet filters made in there end with it, however it ends; nothing of this machine's network is touched.
 */
export function enterOwnNetwork(unshare: string): never {
  const args = [
    "unshare",
    "--net",
    "--mount",
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  process.execve?.(unshare, args, { ...process.env, [INSIDE]: "1" });
  throw new Error("This Node cannot replace its own process; version 24 can.");
}

/** A machine in all but name: a network namespace with one wire, to us. */
export interface Namespace {
  readonly name: string;
  /** Our address as it is seen from in there; our loopback servers answer on it. */
  readonly gateway: string;
  /** Drops every packet to and from these ports, in silence, until {@link heal}. */
  drop(ports: readonly number[]): Promise<void>;
  heal(): Promise<void>;
}

/** Call it once, inside, before {@link addNamespace}. */
export async function openNetwork(): Promise<void> {
  await run("mkdir", ["-p", "/run/netns"]);
  await run("mount", ["-t", "tmpfs", "tmpfs", "/run/netns"]);
  await run("ip", ["link", "set", "lo", "up"]);
  // The servers listen on loopback only, and let in who comes from there.
  const toServers = ["PREROUTING", "-p", "tcp", "-j", "DNAT", "--to-destination", "127.0.0.1"];
  const fromLoopback = ["INPUT", "-s", "10.99.0.0/16", "-p", "tcp", "-j", "SNAT", "--to-source", "127.0.0.1"];
  for (const rule of [toServers, fromLoopback]) await run("iptables", ["-w", "-t", "nat", "-A", ...rule]);
}

/** `number`: 1 to 254, and not one that is taken. */
export async function addNamespace(name: string, number: number): Promise<Namespace> {
  const wire = `wire${number}`;
  const gateway = `10.99.${number}.1`;
  const ip = (...args: string[]) => run("ip", args);
  await ip("netns", "add", name);
  await ip("link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", name);
  await ip("address", "add", `${gateway}/24`, "dev", wire);
  await ip("link", "set", wire, "up");
  await ip("-n", name, "address", "add", `10.99.${number}.2/24`, "dev", "eth0");
  await ip("-n", name, "link", "set", "eth0", "up");
  await writeFile(`/proc/sys/net/ipv4/conf/${wire}/route_localnet`, "1");

  const filter = (...args: string[]) => run("ip", ["netns", "exec", name, "iptables", "-w", ...args]);
  return {
    name,
    gateway,
    async drop(ports) {
      for (const port of ports.map(String)) {
        await filter("-A", "OUTPUT", "-p", "tcp", "--dport", port, "-j", "DROP");
        await filter("-A", "INPUT", "-p", "tcp", "--sport", port, "-j", "DROP");
      }
    },
    async heal() {
      await filter("-F");
    },
  };
}
