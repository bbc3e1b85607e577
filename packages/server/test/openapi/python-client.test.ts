import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithProgram } from "../../../../scripts/test-programs/describe.ts";
import { PYTHON_WEB } from "../../../../scripts/test-programs/python-web.ts";
import { ADMIN_TOKEN, API_KEYS, temporaryFolder, useServiceProcess } from "../fixtures.ts";

const run = promisify(execFile);

/** An example program that uses the generated client. */
const PROGRAM = `
import json, sys
from coatcheck import AuthenticatedClient
from coatcheck.api.data import get_session_data, patch_session_data
from coatcheck.api.sessions import create_session, get_session
from coatcheck.api.subjects import end_subject_sessions
from coatcheck.api.visits import convert_session
from coatcheck.models import ConvertSessionBody, CreateSessionBodyType0, DataPatchInput

url, key, admin = sys.argv[1:]
shop = AuthenticatedClient(base_url=url, token=key)
session_id = create_session.sync(client=shop, body=CreateSessionBodyType0(subject="user-8")).data.session_id
patch = DataPatchInput.from_dict({"cart": {"coat-7": 1}})
patch_session_data.sync(session_id, client=shop, body=patch)
data = get_session_data.sync(session_id, client=shop).data
order = ConvertSessionBody(order_id="order-1002", revenue=12900, currency="EUR")
convert_session.sync(session_id, client=shop, body=order)
session = get_session.sync(session_id, client=shop).data
operator = AuthenticatedClient(base_url=url, token=admin)
ended = end_subject_sessions.sync("user-8", client=operator).data.ended
status = get_session.sync_detailed(session_id, client=shop).status_code
print(json.dumps([data.to_dict(), session.subject, session.converted, session.order_id, ended, status]))
`;

describeWithProgram("a generated Python client", "pythonWeb", () => {
  const service = useServiceProcess();
  let folder: string;

  beforeAll(async () => {
    folder = temporaryFolder();
    const document = join(folder, "openapi.json");
    writeFileSync(document, await (await fetch(`${service().url}/openapi.json`)).text());
    const { stdout, stderr } = await run(
      PYTHON_WEB.python,
      [
        ...["-m", "openapi_python_client", "generate", "--path", document],
        ...["--output-path", join(folder, "coatcheck"), "--meta", "none"],
      ],
      { cwd: folder },
    );
    // The generator reports without the word WARNING that it skips formatting, because ruff is not installed.
    expect(`${stdout}${stderr}`).not.toMatch(/WARNING|ERROR/);
    writeFileSync(join(folder, "program.py"), PROGRAM);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("the generated client creates, changes, converts and ends a session", async () => {
    const { stdout } = await run(
      PYTHON_WEB.python,
      [join(folder, "program.py"), service().url, API_KEYS.shop, ADMIN_TOKEN],
      { cwd: folder },
    );
    expect(JSON.parse(stdout)).toEqual([{ cart: { "coat-7": 1 } }, "user-8", true, "order-1002", 1, 404]);
  });
});
