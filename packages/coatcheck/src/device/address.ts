import { isIP, SocketAddress } from "node:net";

/**
 * How much of a client's address is kept. `full`: all of it. `truncated`: the network, /24 of IPv4 and /48 of IPv6,
 * which is about a household or an office. `none`: nothing.
 */
export type AddressPrivacy = "full" | "truncated" | "none";

/** What may be kept of an address; null when nothing may, or when it is no address. */
export function keptAddress(address: string | null, privacy: AddressPrivacy): string | null {
  if (address === null || privacy === "none" || isIP(address) === 0) return null;
  return privacy === "full" ? address : network(address);
}

const V4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

function network(address: string): string {
  const v4 = isIP(address) === 4 ? address : V4_MAPPED.exec(address)?.[1];
  if (v4 !== undefined) return `${v4.slice(0, v4.lastIndexOf("."))}.0`;
  const [left = "", right = ""] = address.split("%")[0]?.split("::") ?? [];
  const before = groupsOf(left);
  const after = groupsOf(right);
  const gap = address.includes("::") ? Array(8 - before.length - after.length).fill("0") : [];
  const prefix = [...before, ...gap, ...after].slice(0, 3).join(":");
  return new SocketAddress({ address: `${prefix}::`, family: "ipv6" }).address;
}

/** A dotted end, as in `64:ff9b::192.0.2.1`, takes the place of two groups. */
function groupsOf(text: string): string[] {
  const groups = text === "" ? [] : text.split(":");
  return groups.at(-1)?.includes(".") ? [...groups.slice(0, -1), "0", "0"] : groups;
}
