import { expect, it } from "vitest";
import { clientKind } from "../../../src/visit/client-kind.ts";
import { AI_AGENT, BOT, HUMAN, SUSPECTED, TOOL } from "./user-agents.ts";

it.each([
  ["human", HUMAN],
  ["bot", BOT],
  ["ai-agent", AI_AGENT],
  ["tool", TOOL],
  ["suspected", SUSPECTED],
] as const)("clientKind() classifies real user agents as %s", (kind, userAgents) => {
  const wrong = userAgents.filter((userAgent) => clientKind(userAgent) !== kind);
  expect(wrong.map((userAgent) => [clientKind(userAgent), userAgent])).toEqual([]);
});

it("clientKind() classifies a client without a User-Agent as suspected", () => {
  expect([clientKind(null), clientKind(undefined)]).toEqual(["suspected", "suspected"]);
});

it("clientKind() returns the same kind when the result is cached", () => {
  const userAgents = [...HUMAN, ...BOT, ...AI_AGENT, ...TOOL, ...SUSPECTED];
  const first = userAgents.map(clientKind);
  expect(userAgents.map(clientKind)).toEqual(first);
});
