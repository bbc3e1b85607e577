/**
 * The program of a process that is killed after it has marked a session as converted, but before the order's event is
 * on disk. Arguments: the folder of the databases, and the order as JSON. Prints the `Cookie` header of the browser.
 */
import { writeSync } from "node:fs";
import { openShop, viewPage } from "./converting-shop.ts";

const [, , folder = "", order = ""] = process.argv;

const shop = openShop(folder, {
  beforeOrder: () => process.kill(process.pid, "SIGKILL"),
});
const { cookie } = await viewPage(shop, "");
await shop.visits.flush();
writeSync(1, cookie);
await viewPage(shop, cookie, (session) => session.visit.convert(JSON.parse(order)));
