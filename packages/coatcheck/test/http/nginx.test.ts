import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithProgram } from "../../../../scripts/test-programs/describe.ts";
import { startNginx } from "../servers/nginx.ts";
import type { RunningServer } from "../servers/start.ts";
import { Browser } from "./routes-browser.ts";
import { type Site, startExpress, startSite } from "./routes-fixtures.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

describeWithProgram("behind an nginx that buffers and compresses", "nginx", () => {
  let site: Site;
  let nginx: RunningServer;

  beforeEach(async () => {
    site = await startSite(startExpress);
    nginx = await startNginx(site.url);
  });
  afterEach(async () => {
    await nginx.stop();
    await site.close();
  });

  it("an event stream delivers each event immediately", async () => {
    const browser = new Browser(nginx.url, FIREFOX);
    const id = (await browser.logIn()).data.session?.id ?? "";
    const stream = await browser.openEventStream();
    expect(stream.response.headers.get("content-encoding")).toBe("gzip");
    await site.manager.patch(id, { theme: "dark" });
    expect(await stream.nextEvent()).toBe(`changed ${id}`);
    await site.manager.revoke({ session: id });
    expect(await stream.nextEvent()).toBe(`revoked ${id}`);
  });
});
