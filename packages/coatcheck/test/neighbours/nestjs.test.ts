import "reflect-metadata";
import type { Server } from "node:http";
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Module,
  Req,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { expect, it, onTestFinished } from "vitest";
import { coatcheck, sessionErrors, sessionOf } from "../../src/http/express.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import { createManager, type Data, logIn } from "./fixtures.ts";

class AccountController {
  async read(request: object) {
    const session = await sessionOf(request).requireSubject();
    return { subject: session.subject };
  }
}

/** Sends the response that the Express adapter sends for a `CoatcheckError`. */
class CoatcheckFilter implements ExceptionFilter {
  catch(error: CoatcheckError, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sessionErrors()(error, http.getRequest(), http.getResponse(), () => {});
  }
}

class AppModule {}

// Call decorators as functions, because Node cannot strip decorator syntax.
const handlerName = "read";
Controller()(AccountController);
Get("account")(
  AccountController.prototype,
  handlerName,
  Object.getOwnPropertyDescriptor(AccountController.prototype, handlerName) as PropertyDescriptor,
);
Req()(AccountController.prototype, handlerName, 0);
Catch(CoatcheckError)(CoatcheckFilter);
Module({ controllers: [AccountController] })(AppModule);

async function startNest(
  manager: SessionManager<Data>,
  filters: readonly ExceptionFilter[],
): Promise<string> {
  const app = await NestFactory.create(AppModule, { logger: false });
  app.use(coatcheck(manager));
  // biome-ignore lint/correctness/useHookAtTopLevel: a method of NestJS, no React hook.
  app.useGlobalFilters(...filters);
  await app.listen(0, "127.0.0.1");
  onTestFinished(() => {
    (app.getHttpServer() as Server).closeAllConnections();
    return app.close();
  });
  return await app.getUrl();
}

it("NestJS responds with the status of a CoatcheckError if there is no exception filter", async () => {
  const manager = createManager();
  const url = await startNest(manager, []);
  const refused = await fetch(`${url}/account`);
  expect([refused.status, await refused.json()]).toEqual([
    401,
    { statusCode: 401, message: "Log in first." },
  ]);
  const { cookie } = await logIn(manager);
  const account = await fetch(`${url}/account`, { headers: { cookie } });
  expect([account.status, await account.json()]).toEqual([200, { subject: "ada" }]);
});

it("NestJS responds with the JSON of a CoatcheckError if an exception filter sends it", async () => {
  const url = await startNest(createManager(), [new CoatcheckFilter()]);
  const refused = await fetch(`${url}/account`);
  expect([refused.status, await refused.json()]).toEqual([
    401,
    { success: false, error: { code: "SESSION_REQUIRED", message: "Log in first." } },
  ]);
});
