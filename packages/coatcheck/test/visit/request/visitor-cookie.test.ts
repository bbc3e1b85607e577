import { expect, it } from "vitest";
import { visitorIdOf } from "../../../src/visit/visitor-cookie.ts";

const OWN = "5a335d84-81c1-4efc-b9df-57d741bc406f";
const OTHER_VISITOR_ID = "0b7b1f3e-6a58-4a5e-9d0c-1f2e3d4c5b6a";

it.each([
  [`visitor_id=${OWN}`, OWN],
  [`session=x; visitor_id=${OWN}; theme=dark`, OWN],
  [`visitor_id=${OTHER_VISITOR_ID}`, OTHER_VISITOR_ID],
  [`visitor_id=${OTHER_VISITOR_ID}; visitor_id=${OWN}`, OTHER_VISITOR_ID],
  [`visitor_id=bad; visitor_id=${OTHER_VISITOR_ID}`, OTHER_VISITOR_ID],
  [`my_visitor_id=${OWN}`, null],
  [`my_visitor_id=${OWN}; visitor_id=${OTHER_VISITOR_ID}`, OTHER_VISITOR_ID],
  [`visitor_id=${OWN}0`, null],
  [`visitor_id=${OWN.toUpperCase()}`, null],
  [`visitor_id=${OWN.slice(0, -1)}`, null],
  ["visitor_id=", null],
  ["", null],
  [undefined, null],
])("visitorIdOf(%j) returns %s, whichever visitor the session has", (header, visitorId) => {
  for (const expected of [null, OWN, OTHER_VISITOR_ID]) expect(visitorIdOf(header, expected)).toBe(visitorId);
});
