import { expect, it } from "vitest";
import { clientKind } from "../../../src/visit/client-kind.ts";
import {
  AI_USER_AGENTS,
  BOT_USER_AGENTS,
  HUMAN_USER_AGENTS,
  SUSPECTED_USER_AGENTS,
  TOOL_USER_AGENTS,
} from "./user-agents.ts";

it.each([
  ["human", HUMAN_USER_AGENTS],
  ["bot", BOT_USER_AGENTS],
  ["ai-agent", AI_USER_AGENTS],
  ["tool", TOOL_USER_AGENTS],
  ["suspected", SUSPECTED_USER_AGENTS],
] as const)("clientKind() classifies real user agents as %s", (kind, userAgents) => {
  const wrong = userAgents.filter((userAgent) => clientKind(userAgent) !== kind);
  expect(wrong.map((userAgent) => [clientKind(userAgent), userAgent])).toEqual([]);
});

it("clientKind() returns `suspected` for a client without a User-Agent header", () => {
  expect([clientKind(null), clientKind(undefined)]).toEqual(["suspected", "suspected"]);
});

it("clientKind() returns the same kind again when the header is in its cache", () => {
  const userAgents = [
    ...HUMAN_USER_AGENTS,
    ...BOT_USER_AGENTS,
    ...AI_USER_AGENTS,
    ...TOOL_USER_AGENTS,
    ...SUSPECTED_USER_AGENTS,
  ];
  const first = userAgents.map(clientKind);
  expect(userAgents.map(clientKind)).toEqual(first);
});
